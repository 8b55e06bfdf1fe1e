"""Room on the disk, and whether it takes writes."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

from visitbridge.services.environment.box import DiskFound

_PROBE = ".disk-probe"


class FolderDisk:
    """Implements ``services.environment.box.DiskProbe`` for the file system of ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def look(self) -> DiskFound:
        return await asyncio.to_thread(self._look)

    def _look(self) -> DiskFound:
        usage = shutil.disk_usage(self._folder)
        return DiskFound(free_bytes=usage.free, total_bytes=usage.total, writable=self._write())

    def _write(self) -> bool:
        probe = self._folder / _PROBE
        try:
            descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                os.write(descriptor, b"visitbridge\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            probe.unlink()
        except OSError:
            return False
        return True
