"""Where the box is: the last GNSS fix with its age, or honestly none (T05)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from visitbridge.domain.position import Fix
from visitbridge.domain.visit import Position
from visitbridge.ports.clock import Clock
from visitbridge.ports.modem import ModemSession


class PositionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """``too_old_s``: an older fix was taken at another home and says nothing about this one. ``telling_s``: a fix with
    its accuracy is not replaced by one without before it is this old; two receivers' words come in turns.
    """

    ask_every_s: float = 60.0
    telling_s: float = 150.0
    too_old_s: float = 1800.0


class LastFix:
    """Holds the last fix in memory only: where a team drives is nobody's business but the visit's."""

    def __init__(self, clock: Clock, *, policy: PositionPolicy) -> None:
        self._clock = clock
        self._policy = policy
        self._fix: Fix | None = None
        self._taken_at_s = 0.0
        self._on_fix: list[Callable[[Fix], object]] = []

    def when_fixed(self, listener: Callable[[Fix], object]) -> None:
        """``listener`` gets every new fix at once; it carries the satellites' time."""
        self._on_fix.append(listener)

    async def ask(self, session: ModemSession) -> None:
        """A chore of the modem watch."""
        fix = await session.position()
        if fix is not None:
            self.offer(fix)

    def offer(self, fix: Fix) -> None:
        """Take a fix from any receiver. A repetition of the last one is no news."""
        held = self._fix
        if held is not None and fix.at == held.at:
            return
        now_s = self._clock.monotonic()
        says_less = held is not None and held.accuracy_m is not None and fix.accuracy_m is None
        if not says_less or now_s - self._taken_at_s > self._policy.telling_s:
            self._fix = fix
            self._taken_at_s = now_s
        for listener in self._on_fix:
            listener(fix)

    def for_visit(self) -> Position | None:
        """What a visit that begins now keeps; None (無定位) without a fix, or with one from long ago."""
        if self._fix is None:
            return None
        age_s = self._clock.monotonic() - self._taken_at_s
        if age_s > self._policy.too_old_s:
            return None
        return Position(
            latitude=self._fix.latitude_deg,
            longitude=self._fix.longitude_deg,
            fixed_at=self._fix.at,
            accuracy_m=self._fix.accuracy_m,
            age_s=round(age_s, 1),
        )
