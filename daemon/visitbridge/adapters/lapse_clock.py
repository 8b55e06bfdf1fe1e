"""The machine's clock, moved ahead on request: hours of a training pass in a moment (ux §3.9)."""

from __future__ import annotations

import asyncio
import datetime as dt

from visitbridge.adapters.system_clock import SystemClock
from visitbridge.ports.clock import TimeTrust


class LapseClock(SystemClock):
    """Wall and monotonic time go together, and only forward, so that every limit ends as it would after waiting."""

    def __init__(self, *, floor: dt.datetime, trust: TimeTrust = TimeTrust.UNTRUSTED) -> None:
        super().__init__(floor=floor, trust=trust)
        self._ahead_s = 0.0
        self._moved = asyncio.Event()

    @property
    def ahead_s(self) -> float:
        """Seconds by which this clock has been moved since it was made."""
        return self._ahead_s

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass at once. Raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("time goes forward")
        self._ahead_s += seconds
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def now(self) -> dt.datetime:
        return super().now() + dt.timedelta(seconds=self._ahead_s)

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead_s

    async def wait_until(self, monotonic_s: float) -> None:
        while (left_s := monotonic_s - self.monotonic()) > 0:
            try:
                async with asyncio.timeout(left_s):
                    await self._moved.wait()
            except TimeoutError:
                return
        await asyncio.sleep(0)

    def _stand_at(self, moment: dt.datetime) -> None:
        super()._stand_at(moment - dt.timedelta(seconds=self._ahead_s))
