"""When a visit was, and setting that right once the box knows the time (Y10)."""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.domain.visit import Sequence, Visit, VisitContent


def stay_of(visit: Visit) -> tuple[dt.datetime, dt.datetime | None]:
    """Arrival and departure; the latter None while it is not told and the visit not finished (nhi-domain §3.5)."""
    occasion = visit.content.occasion
    return occasion.arrived_at or visit.visit_at, occasion.departed_at or visit.finished_at


def with_true_time(visit: Visit, *, now: dt.datetime, monotonic_s: float, boot_id: str) -> Visit | None:
    """The next revision with times that count from ``now``, which is trusted; None when it can't be known.

    That needs a reading of the boot whose clock showed ``monotonic_s`` at ``now``. Times move together, so durations stay as they were.
    """
    if visit.clock_trusted or visit.started is None or visit.started.boot_id != boot_id:
        return None
    exact = now - dt.timedelta(seconds=monotonic_s - visit.started.monotonic_s)
    visit_at = exact.replace(microsecond=0)
    shift = visit_at - visit.visit_at
    return msgspec.structs.replace(
        visit,
        revision=visit.revision + 1,
        visit_at=visit_at,
        finished_at=visit.finished_at + shift if visit.finished_at else None,
        sequence=_of_the_box(visit.sequence, shift),
        content=_shifted(visit.content, shift),
        clock_trusted=True,
        started=None,
    )


def _of_the_box(sequence: Sequence | None, shift: dt.timedelta) -> Sequence | None:
    """A number that the box itself gave was timed by the same clock."""
    if sequence is None or sequence.source != "box":
        return sequence
    return msgspec.structs.replace(sequence, taken_at=sequence.taken_at + shift)


def _shifted(content: VisitContent, shift: dt.timedelta) -> VisitContent:
    """Arrival and departure were taken from the same clock."""
    occasion = content.occasion
    return msgspec.structs.replace(
        content,
        occasion=msgspec.structs.replace(
            occasion,
            arrived_at=occasion.arrived_at + shift if occasion.arrived_at else None,
            departed_at=occasion.departed_at + shift if occasion.departed_at else None,
        ),
    )
