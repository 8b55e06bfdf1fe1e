"""How long a staff session lasts, and what of it phones may see (F02, F03, X1)."""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.domain.roc import TAIPEI
from visitbridge.domain.visit import Practitioner
from visitbridge.ports.records import StaffSessionRow
from visitbridge.services.topics import StaffSessionView


class StaffPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long a verified HPC counts: 8 h, and not past midnight (X1)."""

    max_hours: float = 8.0
    ends_at_midnight: bool = True

    def ends_at(self, now: dt.datetime, valid_until: dt.datetime) -> dt.datetime:
        """When a session that begins ``now`` ends; ``valid_until`` is the data centre's own limit."""
        ends_at = min(now + dt.timedelta(hours=self.max_hours), valid_until)
        return min(ends_at, _next_midnight(now)) if self.ends_at_midnight else ends_at


def view(row: StaffSessionRow) -> StaffSessionView:
    """What phones may see of a session: everything but the data centre's token."""
    return StaffSessionView(
        session_id=row.session_id,
        staff_id=row.staff_id,
        name=row.name,
        kind=row.kind,
        rights=row.rights,
        started_at=row.started_at,
        ends_at=row.ends_at,
        phone_ids=row.phone_ids,
    )


def signs_as(row: StaffSessionRow) -> Practitioner:
    return Practitioner(staff_id=row.staff_id, name=row.name, kind=row.kind, id_no=row.id_no)


def _next_midnight(now: dt.datetime) -> dt.datetime:
    local = now.astimezone(TAIPEI)
    return dt.datetime.combine(local.date() + dt.timedelta(days=1), dt.time(), tzinfo=TAIPEI)
