"""The portal's time: the machine's, plus an offset that the lab may set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from visitbridge.domain.roc import TAIPEI


def machine_now() -> dt.datetime:
    """Aware UTC by the machine: what TLS judges certificates by, whatever the lab's offset."""
    return dt.datetime.now(dt.UTC)


class PortalClock:
    """``now`` is aware UTC. Everything that this program decides by time asks here."""

    def __init__(self, source: Callable[[], dt.datetime] = machine_now) -> None:
        self._source = source
        self.offset_s = 0.0

    def now(self) -> dt.datetime:
        return self._source() + dt.timedelta(seconds=self.offset_s)


def taipei_day(moment: dt.datetime) -> dt.date:
    """The calendar day in Taipei, by which SAM verifications and staff sessions are counted."""
    return moment.astimezone(TAIPEI).date()


def next_taipei_midnight(moment: dt.datetime) -> dt.datetime:
    """The first midnight in Taipei after ``moment``, as aware UTC."""
    tomorrow = taipei_day(moment) + dt.timedelta(days=1)
    return dt.datetime.combine(tomorrow, dt.time(), TAIPEI).astimezone(dt.UTC)
