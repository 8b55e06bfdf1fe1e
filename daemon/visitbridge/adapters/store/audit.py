"""The audit trail: append-only by trigger, chained so that a change to any former row shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import bindparam, insert, select

from visitbridge.adapters.store import tables
from visitbridge.adapters.store.session import Row, Session, Statement, from_micros, limited, micros
from visitbridge.ports.records import AuditEntry, AuditRow
from visitbridge.protocols.datacentre.audit_trail import FIRST_CHAIN, chain_of

_c = tables.audit.c
_APPEND: Final = Statement(insert(tables.audit))
_HEAD: Final = limited(select(_c.number, _c.chain).order_by(_c.number.desc()))
_ROWS: Final = limited(
    select(_c.number, _c.at, _c.who, _c.act, _c.record, _c.phone_id, _c.why, _c.chain)
    .where(_c.number > bindparam("after"))
    .order_by(_c.number)
)


class SqlAudit:
    """Implements ``ports.repositories.Audit``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, entry: AuditEntry) -> None:
        number, previous = self._session.row(_HEAD, limit=1) or (0, FIRST_CHAIN)
        at = micros(entry.at)
        entry = msgspec.structs.replace(entry, at=from_micros(at))
        self._session.run(
            _APPEND,
            number=number + 1,
            at=at,
            who=entry.who,
            act=entry.act,
            record=entry.record,
            phone_id=entry.phone_id,
            why=entry.why,
            chain=chain_of(previous, entry),
        )

    def rows(self, *, after: int = 0, limit: int = 500) -> Sequence[AuditRow]:
        return [_audit_row(row) for row in self._session.rows(_ROWS, after=after, limit=limit)]

    def head(self) -> tuple[int, str]:
        number, chain = self._session.row(_HEAD, limit=1) or (0, FIRST_CHAIN)
        return number, chain


def _audit_row(row: Row) -> AuditRow:
    number, at, who, act, record, phone_id, why, chain = row
    entry = AuditEntry(at=from_micros(at), who=who, act=act, record=record, phone_id=phone_id, why=why)
    return AuditRow(number=number, entry=entry, chain=chain)
