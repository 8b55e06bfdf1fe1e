"""QEMU's USB smart-card readers, their card sides joined to serial ports of the same guest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

COUNT = 2


def usb_readers(folder: Path) -> tuple[str, ...]:
    """Arguments for a guest in ``folder``: readers ``reader1`` and on, ports ``org.visitbridge.card1`` and on."""
    return ("-device", "qemu-xhci,id=xhci", *_arguments(folder))


def _arguments(folder: Path) -> Iterator[str]:
    for number in range(1, COUNT + 1):
        wire = folder / f"card{number}"
        yield from ("-chardev", f"socket,id=card{number},path={wire},server=on,wait=off")
        yield from ("-chardev", f"socket,id=hand{number},path={wire}")
        yield from ("-device", f"virtserialport,chardev=hand{number},name=org.visitbridge.card{number}")
        yield from ("-device", f"usb-ccid,id=reader{number},bus=xhci.0,port={number}")
        yield from (
            "-device",
            f"ccid-card-passthru,id=slot{number},chardev=card{number},bus=reader{number}.0",
        )
