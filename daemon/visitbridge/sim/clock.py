"""A clock that only moves when told to, for tests and time-lapse training."""

from __future__ import annotations

import asyncio
import datetime as dt

from visitbridge.ports.clock import TimeTrust


class FakeClock:
    """Implements ``ports.clock.Clock``. ``advance`` moves wall and monotonic time; ``jump`` wall time only."""

    def __init__(
        self,
        now: dt.datetime = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC),
        *,
        trust: TimeTrust = TimeTrust.DATA_CENTRE,
        boot_id: str = "boot-1",
    ) -> None:
        self._now = now
        self._monotonic = 1000.0
        self.trust = trust
        self.boot_id = boot_id
        self._waiters: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> dt.datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += dt.timedelta(seconds=seconds)
        self._monotonic += seconds
        due = [entry for entry in self._waiters if entry[0] <= self._monotonic]
        for entry in due:
            self._waiters.remove(entry)
            if not entry[1].done():
                entry[1].set_result(None)

    def jump(self, seconds: float) -> None:
        """Move wall time without time passing, as a wrong or corrected clock does."""
        self._now += dt.timedelta(seconds=seconds)

    def correct_at(self, moment: dt.datetime, monotonic_s: float, source: TimeTrust) -> None:
        """As ``SystemClock.correct_at``."""
        order = list(TimeTrust)
        if order.index(source) >= order.index(self.trust):
            self._now = moment + dt.timedelta(seconds=self._monotonic - monotonic_s)
            self.trust = source

    def go_on_from(self, moment: dt.datetime) -> None:
        """As ``SystemClock.go_on_from``."""
        self._now = max(self._now, moment)

    async def wait_until(self, monotonic_s: float) -> None:
        if monotonic_s <= self._monotonic:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (monotonic_s, future)
        self._waiters.append(entry)
        try:
            await future
        finally:
            if entry in self._waiters:
                self._waiters.remove(entry)

    @property
    def sleepers(self) -> int:
        """How many tasks wait for time to pass."""
        return len(self._waiters)
