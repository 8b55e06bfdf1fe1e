"""What of the visits a person may go on with after the own session ran out (F05): their own of that day.

Nothing is lost, and nothing new is opened: other people's visits wait for a card.
"""

from __future__ import annotations

from collections.abc import Sequence

from visitbridge.domain.roc import TAIPEI
from visitbridge.domain.visit import Visit
from visitbridge.errors import StaffExpired
from visitbridge.ports.records import VisitSummary
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.grants import Acting


class WorkInHand:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def require(self, acting: Acting, visit_id: str) -> None:
        """Raises StaffExpired for a visit that is not in hand. One that does not exist is left to the handler."""
        visit = await self._store.read(lambda tx: tx.visits.get(visit_id))
        if visit is not None and not _is_in_hand(acting, visit):
            raise StaffExpired("not this person's visit of the day")

    async def of(self, acting: Acting | None, lines: Sequence[VisitSummary]) -> Sequence[VisitSummary]:
        """Those of ``lines`` that ``acting`` may see: all of them with a live session."""
        if acting is None:
            return ()
        if acting.live:
            return lines

        def work(tx: Transaction) -> list[VisitSummary]:
            found = ((line, tx.visits.get(line.visit_id)) for line in lines)
            return [line for line, visit in found if visit is not None and _is_in_hand(acting, visit)]

        return await self._store.read(work)


def _is_in_hand(acting: Acting, visit: Visit) -> bool:
    day = acting.signed_in_at.astimezone(TAIPEI).date()
    return visit.practitioner.staff_id == acting.staff_id and visit.visit_at.astimezone(TAIPEI).date() == day
