"""What the box remembers of itself: settings, loaded data sets, the history of link and queue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from visitbridge.adapters.store import tables
from visitbridge.adapters.store.session import Session, Statement, from_micros, micros
from visitbridge.ports.records import DataSetRecord, LinkSample

_s = tables.settings.c
_put = insert(tables.settings)
_GET_SETTING: Final = Statement(select(_s.value).where(_s.name == bindparam("name")))
_SET: Final = Statement(
    _put.on_conflict_do_update(index_elements=[_s.name], set_={"value": _put.excluded.value})
)
_UNSET: Final = Statement(delete(tables.settings).where(_s.name == bindparam("name")))

_d = tables.datasets.c
_put = insert(tables.datasets)
_DATASETS: Final = Statement(select(_d.content).order_by(_d.name))
_PUT_DATASET: Final = Statement(
    _put.on_conflict_do_update(index_elements=[_d.name], set_={"content": _put.excluded.content})
)
_RECORD_DECODER: Final = msgspec.json.Decoder(DataSetRecord)

_l = tables.link_history.c
_put = insert(tables.link_history)
_ADD_SAMPLE: Final = Statement(
    _put.on_conflict_do_update(
        index_elements=[_l.at], set_={"link": _put.excluded.link, "queue_depth": _put.excluded.queue_depth}
    )
)
_SINCE: Final = Statement(
    select(_l.at, _l.link, _l.queue_depth).where(_l.at >= bindparam("since")).order_by(_l.at)
)
_FORGET: Final = Statement(delete(tables.link_history).where(_l.at < bindparam("before")))


class SqlSettings:
    """Implements ``ports.repositories.Settings``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, name: str) -> str | None:
        row = self._session.row(_GET_SETTING, name=name)
        return None if row is None else str(row[0])

    def set(self, name: str, value: str | None) -> None:
        if value is None:
            self._session.run(_UNSET, name=name)
        else:
            self._session.run(_SET, name=name, value=value)


class SqlDataSets:
    """Implements ``ports.repositories.DataSets``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> Sequence[DataSetRecord]:
        return [_RECORD_DECODER.decode(row[0]) for row in self._session.rows(_DATASETS)]

    def put(self, record: DataSetRecord) -> None:
        self._session.run(_PUT_DATASET, name=record.name, content=msgspec.json.encode(record))


class SqlLinkHistory:
    """Implements ``ports.repositories.LinkHistory``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, sample: LinkSample) -> None:
        self._session.run(_ADD_SAMPLE, at=micros(sample.at), link=sample.link, queue_depth=sample.queue_depth)

    def since(self, moment: dt.datetime) -> Sequence[LinkSample]:
        rows = self._session.rows(_SINCE, since=micros(moment))
        return [LinkSample(at=from_micros(at), link=link, queue_depth=depth) for at, link, depth in rows]

    def forget_before(self, moment: dt.datetime) -> None:
        self._session.run(_FORGET, before=micros(moment))
