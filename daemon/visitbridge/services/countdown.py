"""Time limits that nobody lengthens: on the monotonic clock while the box runs, by trusted time after a restart (Y06).

Whoever sets the wall clock, back or forth, moves no limit of this boot. What was left when the box went off is
reduced by the trusted time that has passed since; where that cannot be, because the clock now stands before the
moment at which the limit was kept, nothing is left.
"""

from __future__ import annotations

import msgspec

from visitbridge.ports.clock import Clock, TimeTrust
from visitbridge.ports.records import Countdown

KEEP_EVERY_S = 300.0
"""How often what is left is kept, so that a clock set back before a restart gives away no more than this."""


def begin(clock: Clock, limit_s: float) -> Countdown:
    return Countdown(
        left_s=limit_s, kept_at=clock.now(), kept_monotonic_s=clock.monotonic(), boot_id=clock.boot_id
    )


def left_s(countdown: Countdown | None, clock: Clock) -> float | None:
    """Seconds left, 0 when the limit is over; None when nobody can tell yet, for want of trusted time."""
    if countdown is None:
        return 0.0
    if countdown.boot_id == clock.boot_id:
        return max(0.0, countdown.left_s - (clock.monotonic() - countdown.kept_monotonic_s))
    if clock.trust is TimeTrust.UNTRUSTED:
        return None
    off_s = (clock.now() - countdown.kept_at).total_seconds()
    return max(0.0, countdown.left_s - off_s) if off_s >= 0 else 0.0


def settled(countdown: Countdown | None, clock: Clock) -> Countdown | None:
    """``countdown`` as it runs in this boot; None once it is over. Unchanged while nobody can tell.

    A limit of an earlier boot is settled once, so that no later change of the clock touches it.
    """
    left = left_s(countdown, clock)
    if left is None:
        return countdown
    if left == 0.0:
        return None
    if countdown is not None and countdown.boot_id == clock.boot_id:
        return countdown
    return begin(clock, left)


def kept(countdown: Countdown | None, clock: Clock) -> Countdown | None:
    """``countdown`` with what is left now, to be stored; None once it is over."""
    left = left_s(countdown, clock)
    if countdown is None or left == 0.0:
        return None
    return countdown if left is None else begin(clock, left)


def taken_up(countdown: Countdown | None, clock: Clock) -> Countdown | None:
    """``countdown`` for a boot without trusted time: the time that the box was off does not count."""
    if countdown is None or left_s(countdown, clock) is not None:
        return settled(countdown, clock)
    return msgspec.structs.replace(
        countdown, kept_at=clock.now(), kept_monotonic_s=clock.monotonic(), boot_id=clock.boot_id
    )
