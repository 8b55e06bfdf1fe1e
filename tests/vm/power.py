"""A machine whose disk forgets, when the power fails, what the guest wrote and did not flush.

QEMU logs every write and flush (its driver ``blklogwrites``, in the format of Linux's dm-log-writes). After the cut the disk is
made anew: as it was at the start of this boot, and every write up to the last flush. So what the guest calls durable is
on it and nothing else; a disk that keeps some of the rest is kinder.
"""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.vm.guest import Guest, Image

_SUPER = struct.Struct("<QQQI")
_ENTRY = struct.Struct("<QQQQ")
_MAGIC = 0x6A736677736872
_FLUSH, _FUA, _DISCARD = 1, 2, 4


class ForgetfulGuest(Guest):
    def __init__(self, image: Image, folder: Path, devices: Sequence[str] = ()) -> None:
        super().__init__(image, folder, devices)
        self._kept, self._disk, self._log = (folder / name for name in ("kept.img", "disk.img", "log.img"))
        _copy(image.disk, self._kept)
        self.forgotten = 0
        """Writes that the last cut undid."""

    def boot(self, *, within_s: float = 400.0) -> None:
        _copy(self._kept, self._disk)
        self._log.write_bytes(b"")
        super().boot(within_s=within_s)

    def cut_power(self) -> None:
        was_on = self.is_on
        super().cut_power()
        if was_on:
            self.forgotten = replay(self._log, self._kept)

    def _drive(self) -> list[str]:
        nodes = (
            f"driver=raw,node-name=disk,file.driver=file,file.filename={self._disk}",
            f"driver=raw,node-name=log,file.driver=file,file.filename={self._log}",
            "driver=blklogwrites,node-name=logged,file=disk,log=log,log-super-update-interval=1",
        )
        options = [word for node in nodes for word in ("-blockdev", node)]
        return [*options, "-device", "virtio-blk-pci,drive=logged"]


def replay(log: Path, disk: Path) -> int:
    """Bring ``disk`` to where the last flush of ``log`` left it; the answer is how many writes came after that."""
    with log.open("rb") as entries:
        magic, version, count, sector_bytes = _SUPER.unpack(entries.read(_SUPER.size))
        assert (magic, version) == (_MAGIC, 1)
        pending: list[tuple[int, int, int]] = []
        target = os.open(disk, os.O_RDWR)
        try:
            at = sector_bytes
            for _ in range(count):
                entries.seek(at)
                sector, sectors, flags, _ = _ENTRY.unpack(entries.read(_ENTRY.size))
                at += sector_bytes
                if flags & _FLUSH:
                    for where, length, source in pending:
                        os.pwrite(target, _read(log, source, length), where)
                    pending.clear()
                if sectors:
                    assert not flags & (_DISCARD | _FUA), "the guest's disk offers neither"
                    pending.append((sector * sector_bytes, sectors * sector_bytes, at))
                    at += sectors * sector_bytes
        finally:
            os.close(target)
    return len(pending)


def _read(file: Path, at: int, length: int) -> bytes:
    with file.open("rb") as source:
        source.seek(at)
        return source.read(length)


def _copy(source: Path, made: Path) -> None:
    subprocess.run(["cp", "--sparse=always", str(source), str(made)], check=True)
