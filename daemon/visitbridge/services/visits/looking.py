"""Who opened a visit: on the audit trail once for each person, sign-in and phone, not for every page that is fetched (Y08)."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from visitbridge.errors import StoreError
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.grants import Acting

log = logging.getLogger(__name__)

_REMEMBERED: Final = 1024


class VisitLooks:
    """What was noted is remembered until the box starts anew."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._noted: dict[tuple[object, ...], None] = {}
        # A page asks for several parts of a visit at once, and is answered once the one row is there.
        self._turn = asyncio.Lock()

    async def opened(self, acting: Acting, visit_id: str, *, phone_id: str) -> None:
        """Note it before anything of the visit is shown; a visit that does not exist leaves no row.

        A disk that takes nothing keeps nobody from a patient's record: it is noted at a later look.
        """
        key = (acting.staff_id, acting.signed_in_at, phone_id, visit_id)
        async with self._turn:
            if key not in self._noted and await self._note(acting, visit_id, phone_id):
                self._noted[key] = None
                while len(self._noted) > _REMEMBERED:
                    del self._noted[next(iter(self._noted))]

    async def _note(self, acting: Acting, visit_id: str, phone_id: str) -> bool:
        """Whether the row is on disk."""
        entry = AuditEntry(
            at=self._clock.now(), who=acting.staff_id, act="visit.view", record=visit_id, phone_id=phone_id
        )

        def work(tx: Transaction) -> bool:
            exists = tx.visits.get(visit_id) is not None
            if exists:
                tx.audit.append(entry)
            return exists

        try:
            return await self._store.write(work)
        except StoreError as exc:
            log.warning("a look at a visit is not on the trail yet: %s", exc.code)
            return False
