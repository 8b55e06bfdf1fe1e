"""Copies of medical records that a consent allows, for as long as it does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from visitbridge.adapters.store import tables
from visitbridge.adapters.store.session import Session, Statement, from_micros, from_micros_or_none, micros
from visitbridge.ports.consents import KeptRecords

_DECODER: Final = msgspec.json.Decoder(KeptRecords)

_c = tables.record_copies.c
_put = insert(tables.record_copies)
_PUT: Final = Statement(
    _put.on_conflict_do_update(
        index_elements=[_c.consent_id],
        set_={column: _put.excluded[column.name] for column in _c if column is not _c.consent_id},
    )
)
_GET: Final = Statement(select(_c.content).where(_c.consent_id == bindparam("consent_id")))
_OF_PERSON: Final = Statement(
    select(_c.content).where(_c.id_no == bindparam("id_no")).order_by(_c.fetched_at)
)
_FETCHED: Final = Statement(select(_c.fetched_at).where(_c.consent_id == bindparam("consent_id")))
_PURGE: Final = Statement(delete(tables.record_copies).where(_c.consent_id == bindparam("consent_id")))
_DUE: Final = Statement(select(_c.consent_id).where(_c.purge_at <= bindparam("now")))
_NEXT: Final = Statement(select(func.min(_c.purge_at)))


class SqlRecordCopies:
    """Implements ``ports.consents.RecordCopies``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, kept: KeptRecords) -> None:
        self._session.run(
            _PUT,
            consent_id=kept.consent_id,
            id_no=kept.id_no,
            fetched_at=micros(kept.fetched_at),
            purge_at=micros(kept.purge_at),
            content=msgspec.json.encode(kept),
        )

    def get(self, consent_id: str) -> KeptRecords | None:
        row = self._session.row(_GET, consent_id=consent_id)
        return None if row is None else _DECODER.decode(row[0])

    def of_person(self, id_no: str) -> Sequence[KeptRecords]:
        return [_DECODER.decode(content) for (content,) in self._session.rows(_OF_PERSON, id_no=id_no)]

    def fetched_at(self, consent_id: str) -> dt.datetime | None:
        row = self._session.row(_FETCHED, consent_id=consent_id)
        return None if row is None else from_micros(row[0])

    def purge(self, consent_id: str) -> bool:
        return self._session.run(_PURGE, consent_id=consent_id) > 0

    def due(self, now: dt.datetime) -> Sequence[str]:
        return [consent_id for (consent_id,) in self._session.rows(_DUE, now=micros(now))]

    def next_purge(self) -> dt.datetime | None:
        row = self._session.row(_NEXT)
        return None if row is None else from_micros_or_none(row[0])
