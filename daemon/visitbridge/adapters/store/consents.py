"""The consent ledger: append-only by trigger, chained like the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import bindparam, func, insert, select

from visitbridge.adapters.store import tables
from visitbridge.adapters.store.session import Row, Session, Statement, from_micros, limited, micros
from visitbridge.domain.consents import ConsentEntry
from visitbridge.ports.consents import ConsentRow
from visitbridge.protocols.datacentre.audit_trail import FIRST_CHAIN, chain_of

_DECODER: Final = msgspec.json.Decoder(ConsentEntry)
_ENCODER: Final = msgspec.json.Encoder(order="sorted")

_c = tables.consents.c
_APPEND: Final = Statement(insert(tables.consents).values(number=0, content="", chain=""))
_HEAD: Final = limited(select(_c.number, _c.chain).order_by(_c.number.desc()))
_ROWS: Final = limited(
    select(_c.number, _c.content, _c.chain).where(_c.number > bindparam("after")).order_by(_c.number)
)
_OF: Final = limited(
    select(_c.content).where(_c.consent_id == bindparam("consent_id")).order_by(_c.number.desc())
)
_newest = select(func.max(_c.number)).group_by(_c.consent_id)
_LATEST: Final = Statement(select(_c.content).where(_c.number.in_(_newest)).order_by(_c.number))
_LATEST_OF_PERSON: Final = Statement(
    select(_c.content).where(_c.number.in_(_newest.where(_c.id_no == bindparam("id_no")))).order_by(_c.number)
)


class SqlConsents:
    """Implements ``ports.consents.Consents``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, entry: ConsentEntry) -> ConsentRow:
        number, previous = self.head()
        entry = msgspec.structs.replace(entry, at=from_micros(micros(entry.at)))
        row = ConsentRow(number=number + 1, entry=entry, chain=chain_of(previous, entry))
        content = _ENCODER.encode(entry).decode()
        self._session.run(_APPEND, number=row.number, content=content, chain=row.chain)
        return row

    def rows(self, *, after: int = 0, limit: int = 500) -> Sequence[ConsentRow]:
        found = self._session.rows(_ROWS, after=after, limit=limit)
        return [
            ConsentRow(number=number, entry=_DECODER.decode(content), chain=chain)
            for number, content, chain in found
        ]

    def head(self) -> tuple[int, str]:
        number, chain = self._session.row(_HEAD, limit=1) or (0, FIRST_CHAIN)
        return number, chain

    def of(self, consent_id: str) -> ConsentEntry | None:
        row = self._session.row(_OF, consent_id=consent_id, limit=1)
        return None if row is None else _DECODER.decode(row[0])

    def open(self) -> Sequence[ConsentEntry]:
        return [entry for entry in _entries(self._session.rows(_LATEST)) if not entry.is_over]

    def of_person(self, id_no: str) -> Sequence[ConsentEntry]:
        return _entries(self._session.rows(_LATEST_OF_PERSON, id_no=id_no))


def _entries(rows: Sequence[Row]) -> list[ConsentEntry]:
    return [_DECODER.decode(content) for (content,) in rows]
