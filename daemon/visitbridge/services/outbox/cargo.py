"""What a hand-off file can carry of the outbox: uploads that need nothing any more but the way there."""

from __future__ import annotations

import logging
from typing import Final

import msgspec

from visitbridge.domain.job_states import Path
from visitbridge.domain.jobs import Job, JobState
from visitbridge.errors import VisitBridgeError
from visitbridge.ports.store import Transaction
from visitbridge.protocols.datacentre.common import digest_of
from visitbridge.protocols.datacentre.handoff import HandoffItem
from visitbridge.protocols.datacentre.uploads import UploadKind
from visitbridge.services.outbox.kinds import JobKind, Kinds

log = logging.getLogger(__name__)

_SENDABLE: Final = frozenset(kind.value for kind in UploadKind)


class Cargo:
    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds

    def bind(self, tx: Transaction, job: Job, body: bytes) -> HandoffItem:
        """The item for a job that a file can carry, its body bound to its key in this transaction."""
        if not job.payload:
            bound = msgspec.structs.replace(job, payload=body, digest=digest_of(body), fence=job.fence + 1)
            tx.jobs.replace(bound, fence=job.fence)
        return HandoffItem(kind=UploadKind(self._kinds[job.kind].receipt_kind), key=job.key, body=body)

    def body(self, tx: Transaction, job: Job) -> bytes:
        """What a file would carry for a job; empty when it cannot carry it."""
        kind = self._kinds.find(job.kind)
        if kind is None or kind.path is not Path.UPLOAD or job.leased_by or job.former_key:
            return b""
        earlier = [other for other in tx.jobs.of_visit(job.visit_id) if other.position < job.position]
        if any(self._is_missing(other, kind) for other in earlier) or kind.receipt_kind not in _SENDABLE:
            return b""
        return job.payload or self._build(tx, job, kind, earlier)

    def _is_missing(self, earlier: Job, kind: JobKind) -> bool:
        """Whether the body would lack what this earlier job has yet to bring: a number, a card's signature."""
        if earlier.state is JobState.CONFIRMED:
            return False
        found = self._kinds.find(earlier.kind)
        return found is None or found.path is Path.CARD or earlier.kind in kind.requires

    def _build(self, tx: Transaction, job: Job, kind: JobKind, earlier: list[Job]) -> bytes:
        """Empty for what cannot be built yet: it stays where it is and keeps nothing else from leaving."""
        visit = tx.visits.get(job.visit_id)
        if visit is None or kind.build is None or not visit.clock_trusted:
            return b""
        receipts = {other.kind: found for other in earlier if (found := tx.receipts.get(other.key))}
        try:
            return kind.build(visit, receipts)
        except VisitBridgeError as error:
            log.info("%s cannot leave by hand: %s", job.kind, error.code)
            return b""
