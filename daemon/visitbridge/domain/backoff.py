"""How long to wait before trying again: exponential, capped, jittered, by what went wrong."""

from __future__ import annotations

import enum

import msgspec


class BackoffClass(enum.StrEnum):
    """``LINK``: the way there. ``BUSY``: the other side asked for patience. ``DEVICE``: reader or card.

    ``ASK``: the outcome is in doubt, so find out soon. ``PERSON``: somebody has to act; look again rarely.
    """

    LINK = "link"
    BUSY = "busy"
    DEVICE = "device"
    ASK = "ask"
    STORE = "store"
    PERSON = "person"


class BackoffCurve(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds after the first failure, and the most there is ever waited."""

    first_s: float
    longest_s: float


CURVES: dict[BackoffClass, BackoffCurve] = {
    BackoffClass.LINK: BackoffCurve(first_s=1.0, longest_s=60.0),
    BackoffClass.BUSY: BackoffCurve(first_s=2.0, longest_s=120.0),
    BackoffClass.DEVICE: BackoffCurve(first_s=1.0, longest_s=30.0),
    BackoffClass.ASK: BackoffCurve(first_s=0.5, longest_s=60.0),
    BackoffClass.STORE: BackoffCurve(first_s=2.0, longest_s=60.0),
    BackoffClass.PERSON: BackoffCurve(first_s=60.0, longest_s=900.0),
}


def delay_s(kind: BackoffClass, attempt: int, jitter: float, *, at_least_s: float = 0.0) -> float:
    """Seconds to wait after the ``attempt``-th failure (from 1).

    ``jitter`` in [0, 1) spreads the upper half of the interval, so that many boxes after one outage do not
    come back together. ``at_least_s`` is what the other side named (Retry-After); it is never undercut.
    """
    curve = CURVES[kind]
    doublings = min(max(attempt, 1) - 1, 16)
    ceiling = min(curve.first_s * 2.0**doublings, curve.longest_s)
    return max(ceiling * (0.5 + jitter / 2.0), at_least_s)
