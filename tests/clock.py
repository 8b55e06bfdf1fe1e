"""A clock that tests turn by hand."""

from __future__ import annotations

import asyncio
import datetime as dt
import heapq
import itertools

from visitbridge.ports.clock import TimeTrust

# Turns of the event loop given to whoever was woken before the next one is. Enough for a chain of awaits inside one
# process; a thread or a socket is not waited for.
_SETTLING_TURNS = 20


class FakeClock:
    """``visitbridge.ports.clock.Clock`` without real time.

    Wall time and the monotonic clock start at fixed values and move only through ``advance``, ``set_wall``
    and ``reboot``. ``trust`` may be assigned.
    """

    def __init__(
        self,
        now: dt.datetime = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC),
        *,
        trust: TimeTrust = TimeTrust.NETWORK,
    ) -> None:
        self._now = now
        self._monotonic_s = 1000.0
        self._boot = 1
        self._trust = trust
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> dt.datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic_s

    @property
    def trust(self) -> TimeTrust:
        return self._trust

    @trust.setter
    def trust(self, trust: TimeTrust) -> None:
        self._trust = trust

    @property
    def boot_id(self) -> str:
        return f"00000000-0000-4000-8000-{self._boot:012d}"

    async def wait_until(self, monotonic_s: float) -> None:
        if monotonic_s <= self._monotonic_s:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (monotonic_s, next(self._order), woken))
        await woken

    async def advance(self, seconds_s: float) -> None:
        """Let time pass, waking everybody in the order of their deadlines, each at exactly their time."""
        until_s = self._monotonic_s + seconds_s
        await _settle()
        while self._waiting and self._waiting[0][0] <= until_s:
            deadline_s, _, woken = heapq.heappop(self._waiting)
            self._move_to(deadline_s)
            if not woken.done():
                woken.set_result(None)
            await _settle()
        self._move_to(until_s)

    def set_wall(self, now: dt.datetime) -> None:
        """Jump wall time, as a correction from the network does; the monotonic clock does not move."""
        self._now = now

    def reboot(self, *, off_s: float = 0.0, trust: TimeTrust = TimeTrust.UNTRUSTED) -> None:
        """Start a new boot after ``off_s`` seconds without power: another boot id, monotonic near zero."""
        self._now += dt.timedelta(seconds=off_s)
        self._monotonic_s = 10.0
        self._boot += 1
        self._trust = trust

    def _move_to(self, monotonic_s: float) -> None:
        self._now += dt.timedelta(seconds=monotonic_s - self._monotonic_s)
        self._monotonic_s = monotonic_s


async def _settle() -> None:
    for _ in range(_SETTLING_TURNS):
        await asyncio.sleep(0)
