"""The audit trail read back: whether it is whole, and its rows for who may ask (Y08).

Every row's chain value covers all rows before it, so one value, the head, stands for the whole trail. A head that was
kept elsewhere also shows that rows were cut off at the end, which the remaining rows alone cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry, AuditRow
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.audit_trail import FIRST_CHAIN, first_break

_PAGE: Final = 500


class AuditHead(msgspec.Struct, frozen=True, kw_only=True):
    """Number and chain value (hex) of a trail's last row; 0 and zeros for an empty one."""

    number: int
    chain: str


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """``rows`` in order; ``head`` of the whole trail at that moment."""

    rows: tuple[AuditRow, ...]
    head: AuditHead


class AuditCheck(msgspec.Struct, frozen=True, kw_only=True):
    """``broken_at``: the first number at which the trail does not follow from what comes before; None when whole."""

    head: AuditHead
    broken_at: int | None


class AuditDesk:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def export(self, *, after: int, limit: int, phone_id: str) -> AuditPage:
        """Rows from number ``after`` + 1 on. That somebody read the trail is itself on the trail."""
        entry = AuditEntry(at=self._clock.now(), who="box", act="audit.export", phone_id=phone_id)

        def work(tx: Transaction) -> AuditPage:
            tx.audit.append(entry)
            number, chain = tx.audit.head()
            rows = tx.audit.rows(after=after, limit=limit)
            return AuditPage(rows=tuple(rows), head=AuditHead(number=number, chain=chain))

        return await self._store.write(work)

    async def check(self, known: AuditHead | None = None) -> AuditCheck:
        """Walk the whole trail. ``known`` is a head seen earlier that the trail must still contain."""
        after, previous, known_chain = 0, FIRST_CHAIN, ""
        while rows := await self._rows(after):
            broken_at = first_break(rows, previous=previous, after=after)
            if broken_at is not None:
                return AuditCheck(head=AuditHead(number=after, chain=previous), broken_at=broken_at)
            after, previous = rows[-1].number, rows[-1].chain
            if known is not None and rows[0].number <= known.number <= after:
                known_chain = rows[known.number - rows[0].number].chain
        head = AuditHead(number=after, chain=previous)
        if known is not None and known.number > 0 and known.chain != known_chain:
            return AuditCheck(head=head, broken_at=min(known.number, after + 1))
        return AuditCheck(head=head, broken_at=None)

    async def _rows(self, after: int) -> Sequence[AuditRow]:
        return await self._store.read(lambda tx: tx.audit.rows(after=after, limit=_PAGE))
