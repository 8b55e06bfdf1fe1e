"""The signature of the patient or the family under a visit (HH-PLAN; nhi-domain §3.5)."""

from __future__ import annotations

from collections.abc import Sequence

from visitbridge.domain.jobs import Job
from visitbridge.domain.signature import Drawing, Signature, check_drawing
from visitbridge.domain.visit import Visit, VisitState
from visitbridge.errors import VisitClosed
from visitbridge.ports.clock import Clock
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.live import LiveBoard
from visitbridge.services.visits.acts import People, announce, existing, note, who_acts
from visitbridge.services.visits.editing import require_editor


class SignatureDesk:
    def __init__(self, store: Store, clock: Clock, board: LiveBoard, people: People) -> None:
        self._store = store
        self._clock = clock
        self._board = board
        self._people = people

    async def sign(self, visit_id: str, drawing: Drawing, phone_id: str) -> Signature:
        """Keep a signature with the visit; on disk when it returns.

        A draft's may be drawn anew; under a finished visit one may still be put, and then stays. Raises NotFound,
        VisitClosed, DraftHeld, FieldInvalid.
        """
        check_drawing(drawing)
        now = self._clock.now()
        who = who_acts(self._people, phone_id)

        def work(tx: Transaction) -> tuple[Visit, Sequence[Job], Signature]:
            visit = existing(tx, visit_id)
            if visit.state is VisitState.DRAFT:
                require_editor(tx, visit_id, phone_id, now)
            elif visit.state is VisitState.DISCARDED or tx.signatures.get(visit_id) is not None:
                raise VisitClosed
            signature = Signature(drawing=drawing, signed_at=now, revision=visit.revision)
            tx.signatures.put(visit_id, signature)
            note(tx, visit, at=now, act="visit.sign", who=who, phone_id=phone_id, why=drawing.signer.value)
            return visit, tx.jobs.of_visit(visit_id), signature

        visit, jobs, signature = await self._store.write(work)
        announce(self._board, visit, jobs)
        return signature

    async def clear(self, visit_id: str, phone_id: str) -> None:
        """Take the signature off a draft. Raises NotFound, VisitClosed, DraftHeld."""
        now = self._clock.now()
        who = who_acts(self._people, phone_id)

        def work(tx: Transaction) -> Visit:
            visit = existing(tx, visit_id)
            if visit.state is not VisitState.DRAFT:
                raise VisitClosed
            require_editor(tx, visit_id, phone_id, now)
            tx.signatures.remove(visit_id)
            note(tx, visit, at=now, act="visit.unsign", who=who, phone_id=phone_id)
            return visit

        announce(self._board, await self._store.write(work))
