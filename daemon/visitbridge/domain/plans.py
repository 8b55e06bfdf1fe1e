"""今日訪視名單: whom the team means to visit, and when."""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.domain.consents import Person


class PlannedVisit(msgspec.Struct, frozen=True, kw_only=True):
    """``planned_at``: aware UTC."""

    plan_id: str
    planned_at: dt.datetime
    person: Person
