"""The portal as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from vpnportal.server import Ready

ROOT = Path(__file__).parents[2]


class PortalProcess:
    def __init__(self, process: asyncio.subprocess.Process, ready: Ready) -> None:
        self._process = process
        self.ready = ready
        self.ca_pem = Path(ready.ca_pem_file).read_text("ascii")

    async def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self._process.terminate()
        return await self._process.wait()

    async def kill(self) -> None:
        """SIGKILL: nothing gets written any more."""
        self._process.kill()
        await self._process.wait()


async def start_portal(folder: Path, *options: str) -> tuple[asyncio.subprocess.Process, bytes]:
    """The process and its first line."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vpnportal", "serve", "--dir", str(folder), "--port", "0", *options),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    return process, await process.stdout.readline()


@contextlib.asynccontextmanager
async def open_process(folder: Path, *options: str) -> AsyncIterator[PortalProcess]:
    process, line = await start_portal(folder, *options)
    try:
        yield PortalProcess(process, msgspec.json.decode(line, type=Ready))
    finally:
        if process.returncode is None:
            process.kill()
        # Reads what is left and waits, so that no pipe outlives the test.
        await process.communicate()
