"""A GNSS receiver on a serial port of its own: the modem's NMEA interface, or any receiver on USB.

Receivers talk every second whether or not anybody listens, so the port is open only for a while each time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from visitbridge.adapters.modem.binding import SerialStream
from visitbridge.domain.position import Fix
from visitbridge.errors import DeviceError, ModemAbsent
from visitbridge.ports.modem import ByteStream
from visitbridge.protocols.nmea import SENTENCE_LIMIT_BYTES, NmeaReader
from visitbridge.runtime.waiting import Waiter, wait_at_most

log = logging.getLogger(__name__)


class Place(Protocol):
    """Where the port is at this moment; None while it is not there."""

    def at_port(self) -> Path | None: ...


class NmeaListener:
    """Service: listens for ``window_s`` every ``every_s``, less when a fix comes sooner."""

    name = "gnss"
    critical = False

    def __init__(
        self,
        place: Place,
        clock: Waiter,
        on_fix: Callable[[Fix], None],
        *,
        every_s: float = 60.0,
        window_s: float = 15.0,
        open_stream: Callable[[Path], ByteStream] = SerialStream,
    ) -> None:
        self._place = place
        self._clock = clock
        self._on_fix = on_fix
        self._every_s = every_s
        self._window_s = window_s
        self._open_stream = open_stream

    async def run(self, ready: Callable[[], None]) -> None:
        ready()
        while True:
            try:
                await self.listen()
            except ModemAbsent as exc:
                log.debug("gnss: %s", exc)
            await self._clock.wait_until(self._clock.monotonic() + self._every_s)

    async def listen(self) -> None:
        """Open the port until a fix with its accuracy has come, at most for the window. Raises ModemAbsent."""
        path = self._place.at_port()
        if path is None:
            raise ModemAbsent("no GNSS port")
        stream = self._open_stream(path)
        try:
            await wait_at_most(self._clock, self._take_fix(stream), self._window_s)
        finally:
            stream.close()

    async def _take_fix(self, stream: ByteStream) -> None:
        fixed: asyncio.Future[Fix] = asyncio.get_running_loop().create_future()
        epoch = _Epoch(fixed)
        stream.start(epoch.take, epoch.lose)
        self._on_fix(await fixed)


class _Epoch:
    """Bytes to sentences to the first fix whose quality is known."""

    def __init__(self, fixed: asyncio.Future[Fix]) -> None:
        self._fixed = fixed
        self._reader = NmeaReader()
        self._rest = b""

    def take(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[-SENTENCE_LIMIT_BYTES:]
        for line in lines:
            fix = self._reader.feed(line.decode("ascii", "replace").strip())
            if fix is not None and fix.accuracy_m is not None and not self._fixed.done():
                self._fixed.set_result(fix)

    def lose(self, error: DeviceError) -> None:
        if not self._fixed.done():
            self._fixed.set_exception(error)
