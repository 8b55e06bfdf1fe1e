"""What else needs the modem once in a while: its time, its position."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable

import msgspec

from visitbridge.errors import ModemRefused
from visitbridge.ports.clock import Clock
from visitbridge.ports.modem import ModemSession

log = logging.getLogger(__name__)


class Chore(msgspec.Struct, frozen=True, kw_only=True):
    """``run`` raises what the session raises; ModemRefused is taken as "not now"."""

    every_s: float
    run: Callable[[ModemSession], Awaitable[None]]


class Chores:
    """Run between two looks at the modem, when they are due."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._chores: list[Chore] = []
        self._due_s: dict[int, float] = {}

    def add(self, chore: Chore) -> None:
        self._chores.append(chore)

    def all_due(self) -> None:
        """The network changed, or told the time by itself."""
        self._due_s.clear()

    async def run_due(self, session: ModemSession) -> float:
        """Seconds until the next one is due; infinite without any."""
        wait_s = math.inf
        for number, chore in enumerate(self._chores):
            now_s = self._clock.monotonic()
            due_s = self._due_s.get(number, now_s)
            if due_s <= now_s:
                due_s = self._due_s[number] = now_s + chore.every_s
                await self._run(chore, session)
            wait_s = min(wait_s, due_s - now_s)
        return wait_s

    @staticmethod
    async def _run(chore: Chore, session: ModemSession) -> None:
        try:
            await chore.run(session)
        except ModemRefused as exc:
            log.info("modem: %s", exc)
