"""Wires from this machine to the guest's daemons, so that the code under test runs here and what it talks to there.

The emulated processor is some fifty times slower than this one: what is ours runs here; the kernel, bluetoothd, dbus-daemon,
pcscd and libccid, which cannot, run there. The wires are QEMU's user network, which leads nowhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.contract.reader_benches import free_ports
from tests.vm.guest import Guest
from tests.vm.inside_view import in_checkout

BUS, PCSCD, HCI, USB = 1001, 1002, 1003, 1004
"""Where the guest listens."""

SOON_S = 3.0
"""What a command to a card takes at most, through an emulated machine on a busy one."""

_ADDRESS = "10.0.2.15"
_SOCKETS = {BUS: "/run/dbus/system_bus_socket", PCSCD: "/run/pcscd/pcscd.comm"}
_DEVICES = {HCI: ("hci_vhci", "controller.py"), USB: ("vhci_hcd", "usb_port.py")}
_PROXY = "/lib/systemd/systemd-socket-proxyd"
_PIECE_BYTES = 65536


class Wires:
    """``devices``: arguments for a guest. ``ports``: the guest's → the one on this machine's loopback that leads to it."""

    def __init__(self) -> None:
        self.ports = dict(zip((BUS, PCSCD, HCI, USB), free_ports(4), strict=True))
        forwards = "".join(
            f",hostfwd=tcp:127.0.0.1:{here}-{_ADDRESS}:{there}" for there, here in self.ports.items()
        )
        self.devices = (
            *("-netdev", f"user,id=wires,restrict=on,ipv6=off{forwards}"),
            *("-device", "virtio-net-pci,netdev=wires"),
        )

    def plug_in(self, guest: Guest) -> None:
        """Have the guest's daemons listen."""
        guest.run(
            "sh",
            "-ec",
            f'name=$(ls -d /sys/class/net/*/device); name=${{name%/device}}; name=${{name##*/}}; ip address add {_ADDRESS}/24 dev "$name"; ip link set "$name" up',
        )
        for port, path in _SOCKETS.items():
            listening = (
                "--socket-property",
                f"ListenStream={_ADDRESS}:{port}",
                "--socket-property",
                "NoDelay=yes",
            )
            guest.run("systemd-run", "--quiet", f"--unit=wire-{port}", *listening, _PROXY, path)
        for port, (module, program) in _DEVICES.items():
            guest.run("modprobe", module)
            guest.run(
                *("systemd-run", "--quiet", f"--unit=wire-{port}"),
                *in_checkout(f"tests/vm/inside/{program}", _ADDRESS, str(port)),
            )
        guest.run("systemctl", "start", "bluetooth.service")


@contextlib.contextmanager
def open_socket(path: Path, port: int) -> Iterator[None]:
    """A Unix socket at ``path`` whose every connection leads to ``port`` of the loopback.

    It is served by a thread of its own: those who talk to it may block theirs.
    """
    loop = asyncio.new_event_loop()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            there = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pass(reader, there[1]), _pass(there[0], writer))

    async def serve() -> asyncio.Server:
        return await asyncio.start_unix_server(connect, path)

    async def close(server: asyncio.Server) -> None:
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    thread = threading.Thread(target=loop.run_forever, name=f"wire-{path.name}")
    thread.start()
    try:
        server = asyncio.run_coroutine_threadsafe(serve(), loop).result()
        yield
        asyncio.run_coroutine_threadsafe(close(server), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(_PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
    finally:
        writer.close()
