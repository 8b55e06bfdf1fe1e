"""What every act on a visit does alike: find it at the revision that was meant, note who did it, tell the phones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Protocol

from visitbridge.domain.flags import visit_flags
from visitbridge.domain.jobs import Job
from visitbridge.domain.visit import Visit
from visitbridge.errors import NotFound, StaleRevision
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Transaction
from visitbridge.services.grants import Acting
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import VisitNotice


class People(Protocol):
    """The part of ``services.staff.StaffDesk`` that visits need."""

    def acting(self, phone_id: str) -> Acting | None: ...


def who_acts(people: People, phone_id: str) -> str:
    """For the audit: the person on this phone, whoever signs the visit; ``phone`` when that has just ended."""
    acting = people.acting(phone_id)
    return "phone" if acting is None else acting.staff_id


def existing(tx: Transaction, visit_id: str) -> Visit:
    """Raises NotFound."""
    visit = tx.visits.get(visit_id)
    if visit is None:
        raise NotFound("visit", field="visit_id")
    return visit


def current(tx: Transaction, visit_id: str, revision: int) -> Visit:
    """The visit at ``revision``. Raises NotFound, StaleRevision (``params['revision']``)."""
    visit = existing(tx, visit_id)
    if visit.revision != revision:
        raise StaleRevision("somebody else changed it", field="revision", params={"revision": visit.revision})
    return visit


def note(
    tx: Transaction, visit: Visit, *, at: dt.datetime, act: str, who: str, phone_id: str, why: str = ""
) -> None:
    """The act's line in the audit, in its own transaction. ``who``: see :func:`who_acts`."""
    tx.audit.append(
        AuditEntry(
            at=at,
            who=who,
            act=act,
            record=visit.visit_id,
            phone_id=phone_id,
            why=why,
        )
    )


def announce(board: LiveBoard, visit: Visit, jobs: Iterable[Job] = ()) -> None:
    """Tell phones that a visit changed; of what its ``jobs`` do the outbox tells."""
    board.announce(
        "visit",
        VisitNotice(
            visit_id=visit.visit_id,
            revision=visit.revision,
            state=visit.state,
            flags=visit_flags((job.kind, job.state) for job in jobs),
        ),
    )
