"""Planned visits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from visitbridge.adapters.store import tables
from visitbridge.adapters.store.session import Session, Statement, micros
from visitbridge.domain.plans import PlannedVisit

_DECODER: Final = msgspec.json.Decoder(PlannedVisit)

_c = tables.planned_visits.c
_put = insert(tables.planned_visits)
_PUT: Final = Statement(
    _put.on_conflict_do_update(
        index_elements=[_c.plan_id],
        set_={"planned_at": _put.excluded.planned_at, "content": _put.excluded.content},
    )
)
_GET: Final = Statement(select(_c.content).where(_c.plan_id == bindparam("plan_id")))
_REMOVE: Final = Statement(delete(tables.planned_visits).where(_c.plan_id == bindparam("plan_id")))
_BETWEEN: Final = Statement(
    select(_c.content)
    .where(_c.planned_at >= bindparam("start"), _c.planned_at < bindparam("end"))
    .order_by(_c.planned_at, _c.plan_id)
)
_FORGET: Final = Statement(delete(tables.planned_visits).where(_c.planned_at < bindparam("before")))


class SqlPlans:
    """Implements ``ports.consents.Plans``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, plan: PlannedVisit) -> None:
        content = msgspec.json.encode(plan)
        self._session.run(_PUT, plan_id=plan.plan_id, planned_at=micros(plan.planned_at), content=content)

    def get(self, plan_id: str) -> PlannedVisit | None:
        row = self._session.row(_GET, plan_id=plan_id)
        return None if row is None else _DECODER.decode(row[0])

    def remove(self, plan_id: str) -> bool:
        return self._session.run(_REMOVE, plan_id=plan_id) > 0

    def between(self, start: dt.datetime, end: dt.datetime) -> Sequence[PlannedVisit]:
        rows = self._session.rows(_BETWEEN, start=micros(start), end=micros(end))
        return [_DECODER.decode(content) for (content,) in rows]

    def forget_before(self, moment: dt.datetime) -> None:
        self._session.run(_FORGET, before=micros(moment))
