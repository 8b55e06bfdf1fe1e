"""A patient's whole id number, for whoever asks for it by name of the visit: shown once it is on the audit trail (ux §3.4)."""

from __future__ import annotations

from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.visits.acts import existing


class IdentityDesk:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def show(self, visit_id: str, *, who: str, phone_id: str) -> str:
        """身分證號 or its substitute, unmasked; ``who``: the staff id of the person who looks. Raises NotFound."""
        at = self._clock.now()

        def work(tx: Transaction) -> str:
            visit = existing(tx, visit_id)
            tx.audit.append(
                AuditEntry(at=at, who=who, act="visit.show_id", record=visit_id, phone_id=phone_id)
            )
            return visit.patient.id_no

        return await self._store.write(work)
