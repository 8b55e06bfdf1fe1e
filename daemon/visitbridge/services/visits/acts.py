"""What every act on a visit does alike: find it at the revision that was meant, note who did it, tell the phones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from visitbridge.domain.flags import visit_flags
from visitbridge.domain.jobs import Job
from visitbridge.domain.visit import Visit
from visitbridge.errors import NotFound, StaleRevision
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Transaction
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import VisitNotice


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


def note(tx: Transaction, visit: Visit, *, at: dt.datetime, act: str, phone_id: str, why: str = "") -> None:
    """The act's line in the audit, in its own transaction."""
    tx.audit.append(
        AuditEntry(
            at=at,
            who=visit.practitioner.staff_id,
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
