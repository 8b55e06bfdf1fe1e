"""A D-Bus daemon of one's own, for clients that think it is the system's."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from visitbridge.errors import DeviceError

DBUS_DAEMON = Path("/usr/bin/dbus-daemon")

_START_S = 60.0
_STOP_S = 5.0
_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class PrivateBus:
    """``address`` belongs into DBUS_SYSTEM_BUS_ADDRESS of clients."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self.address = f"unix:path={folder / 'bus'}"
        (folder / "bus.conf").write_text(_CONFIG.format(path=folder / "bus"))

    async def start(self) -> None:
        """Return when it takes clients. Raises DeviceError."""
        (self._folder / "bus").unlink(missing_ok=True)
        process = await asyncio.create_subprocess_exec(
            # It ends with this process, however that ends.
            *("/usr/bin/setpriv", "--pdeathsig", "KILL", str(DBUS_DAEMON)),
            *(f"--config-file={self._folder / 'bus.conf'}", "--nofork", "--nopidfile", "--print-address"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            # It complains about limits that it may not raise, which matters to nobody here.
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        self._process = process
        try:
            async with asyncio.timeout(_START_S):
                address = await process.stdout.readline() if process.stdout is not None else b""
        except TimeoutError as exc:
            await self.kill()
            raise DeviceError("the private D-Bus daemon does not get ready") from exc
        if not address:
            await self.kill()
            raise DeviceError("no D-Bus daemon could be started; is dbus-daemon installed?")

    async def kill(self) -> None:
        """End it as a crash would."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            async with asyncio.timeout(_STOP_S):
                await process.wait()


@contextlib.asynccontextmanager
async def open_private_bus() -> AsyncIterator[PrivateBus]:
    """A running D-Bus daemon; nothing of it is left behind. Raises DeviceError when there is none to start."""
    folder = Path(tempfile.mkdtemp(prefix="vb-bus-"))
    try:
        bus = PrivateBus(folder)
        await bus.start()
        try:
            yield bus
        finally:
            await bus.kill()
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
