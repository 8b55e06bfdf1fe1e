"""Setting a visit's time right once the box knows the time (Y10)."""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.domain.visit import Visit


def with_true_time(visit: Visit, *, now: dt.datetime, monotonic_s: float, boot_id: str) -> Visit | None:
    """The next revision with times that count back from ``now``, which is trusted; None when it can't be known.

    That needs a reading of the same boot. Times move together, so durations stay as they were.
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
        clock_trusted=True,
        started=None,
    )
