"""Visits: the latest revision in ``visits``, every former one in ``visit_revisions``."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, bindparam, case, delete, exists, func, insert, select, text, update

from visitbridge.adapters.store import tables
from visitbridge.adapters.store.session import Session, Statement, from_micros, limited, micros
from visitbridge.domain.flags import visit_flags
from visitbridge.domain.jobs import JobState
from visitbridge.domain.visit import Visit, VisitState
from visitbridge.errors import StaleRevision
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import Clearable, VisitSummary

_DECODER: Final = msgspec.json.Decoder(Visit)
_ENCODER: Final = msgspec.json.Encoder()

_v = tables.visits.c
_r = tables.visit_revisions.c
_j = tables.jobs.c

_GET: Final = Statement(select(_v.content).where(_v.visit_id == bindparam("visit_id")))
_REVISION: Final = Statement(select(_v.revision).where(_v.visit_id == bindparam("visit_id")))
_INSERT: Final = Statement(insert(tables.visits))
_UPDATE: Final = Statement(
    update(tables.visits)
    .where(_v.visit_id == bindparam("of_visit"))
    .values({column: bindparam(column.name) for column in _v if column.name not in {"visit_id", "id_no"}})
)
_KEEP: Final = Statement(
    insert(tables.visit_revisions).from_select(
        [column.name for column in _r],
        select(_v.visit_id, _v.revision, _v.saved_at, _v.content).where(_v.visit_id == bindparam("visit_id")),
    )
)
_REVISIONS: Final = Statement(
    select(_r.content).where(_r.visit_id == bindparam("visit_id")).order_by(_r.revision)
)


def _summaries(*conditions: ColumnElement[bool]) -> Statement:
    return limited(
        select(
            _v.visit_id,
            _v.revision,
            _v.state,
            _v.patient_name,
            _v.card_no,
            _v.visit_at,
            _v.sequence_no,
        )
        .where(*conditions)
        .order_by(_v.visit_at.desc(), _v.visit_id.desc())
    )


_OF_STATE: Final = _v.state == bindparam("state")
_OF_CARD: Final = _v.card_no == bindparam("card_no")
_SUMMARIES: Final = {
    (False, False): _summaries(),
    (True, False): _summaries(_OF_STATE),
    (False, True): _summaries(_OF_CARD),
    (True, True): _summaries(_OF_STATE, _OF_CARD),
}
_OF_PERSON: Final = limited(
    select(_v.content)
    .where(_v.id_no == bindparam("id_no"), _v.state == VisitState.FINISHED.value)
    .order_by(_v.visit_at.desc(), _v.visit_id.desc())
)
_seen = select(func.max(_v.visit_at)).group_by(_v.id_no)
_PEOPLE: Final = limited(
    select(_v.content).where(_v.visit_at.in_(_seen)).order_by(_v.visit_at.desc(), _v.visit_id.desc())
)
_JOB_STATES: Final = Statement(
    select(_j.visit_id, _j.kind, _j.state).where(
        _j.visit_id.in_(select(func.json_each(bindparam("visit_ids")).table_valued("value").c.value))
    )
)

_job_of_visit = select(_j.job_id).where(_j.visit_id == _v.visit_id)
_has_open_job = exists(_job_of_visit.where(_j.state != JobState.CONFIRMED.value))
_is_unconfirmed = exists(
    select(tables.receipts.c.key)
    .join(tables.jobs, _j.job_id == tables.receipts.c.job_id)
    .where(_j.visit_id == _v.visit_id, tables.receipts.c.epoch != bindparam("epoch"))
)
# What becomes of a visit when history is cleared (S04); the first that holds. Names are fields of Clearable.
_fate = case(
    (_has_open_job, "open"),
    (_is_unconfirmed, "unconfirmed"),
    (_v.state == VisitState.DISCARDED.value, "clear"),
    (_v.state == VisitState.DRAFT.value, "drafts"),
    (exists(_job_of_visit.where(_j.kind == "upload.visit")), "clear"),
    else_="not_uploaded",
)
_FATES: Final = Statement(
    select(_fate.label("fate"), func.count()).where(_v.visit_at < bindparam("before")).group_by(text("fate"))
)
_LIST_CLEARABLE: Final = limited(
    select(_v.visit_id).where(_v.visit_at < bindparam("before"), _fate == "clear").order_by(_v.visit_at)
)
_given_visits = select(func.json_each(bindparam("visit_ids")).table_valued("value").c.value)
_given_jobs = select(_j.job_id).where(_j.visit_id.in_(_given_visits))
_CLEAR: Final = (
    Statement(delete(tables.receipts).where(tables.receipts.c.job_id.in_(_given_jobs))),
    Statement(delete(tables.jobs).where(_j.visit_id.in_(_given_visits))),
    Statement(delete(tables.visits).where(_v.visit_id.in_(_given_visits))),
)


class SqlVisits:
    """Implements ``ports.repositories.Visits``."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def get(self, visit_id: str) -> Visit | None:
        row = self._session.row(_GET, visit_id=visit_id)
        return None if row is None else _DECODER.decode(row[0])

    def put(self, visit: Visit) -> None:
        session = self._session
        row = session.row(_REVISION, visit_id=visit.visit_id)
        stored = 0 if row is None else row[0]
        if visit.revision != stored + 1:
            raise StaleRevision("visit was changed meanwhile", field="revision", params={"revision": stored})
        values: dict[str, object] = {
            "revision": visit.revision,
            "state": visit.state.value,
            "card_no": visit.patient.card_no,
            "patient_name": visit.patient.name,
            "visit_at": micros(visit.visit_at),
            "sequence_no": visit.sequence.number if visit.sequence else "",
            "saved_at": micros(self._clock.now()),
            "content": _ENCODER.encode(visit),
        }
        if row is None:
            session.run(_INSERT, visit_id=visit.visit_id, id_no=visit.patient.id_no, **values)
        else:
            session.run(_KEEP, visit_id=visit.visit_id)
            session.run(_UPDATE, of_visit=visit.visit_id, **values)

    def revisions(self, visit_id: str) -> Sequence[Visit]:
        return [_DECODER.decode(row[0]) for row in self._session.rows(_REVISIONS, visit_id=visit_id)]

    def summaries(
        self, *, state: VisitState | None = None, patient_card_no: str = "", limit: int = 200
    ) -> Sequence[VisitSummary]:
        values: dict[str, object] = {"limit": limit}
        if state is not None:
            values["state"] = state.value
        if patient_card_no:
            values["card_no"] = patient_card_no
        rows = self._session.rows(_SUMMARIES[state is not None, bool(patient_card_no)], **values)
        jobs = self._job_states([row[0] for row in rows])
        return [
            VisitSummary(
                visit_id=visit_id,
                revision=revision,
                state=VisitState(stored_state),
                patient_name=patient_name,
                card_no=card_no,
                visit_at=from_micros(visit_at),
                sequence_no=sequence_no,
                flags=visit_flags(jobs[visit_id]),
            )
            for visit_id, revision, stored_state, patient_name, card_no, visit_at, sequence_no in rows
        ]

    def of_person(self, id_no: str, *, limit: int = 50) -> Sequence[Visit]:
        rows = self._session.rows(_OF_PERSON, id_no=id_no, limit=limit)
        return [_DECODER.decode(content) for (content,) in rows]

    def last_of_each_person(self, *, limit: int = 200) -> Sequence[Visit]:
        found = [_DECODER.decode(content) for (content,) in self._session.rows(_PEOPLE, limit=limit)]
        return list({visit.patient.id_no: visit for visit in reversed(found)}.values())[::-1]

    def clearable(self, before: dt.datetime, *, epoch: str) -> Clearable:
        rows = self._session.rows(_FATES, before=micros(before), epoch=epoch)
        return Clearable(**dict(rows))

    def clear(self, before: dt.datetime, *, epoch: str, limit: int = 500) -> int:
        rows = self._session.rows(_LIST_CLEARABLE, before=micros(before), epoch=epoch, limit=limit)
        visit_ids = json.dumps([row[0] for row in rows])
        for statement in _CLEAR:
            self._session.run(statement, visit_ids=visit_ids)
        return len(rows)

    def _job_states(self, visit_ids: Sequence[str]) -> dict[str, list[tuple[str, JobState]]]:
        found: dict[str, list[tuple[str, JobState]]] = defaultdict(list)
        for visit_id, kind, state in self._session.rows(_JOB_STATES, visit_ids=json.dumps(visit_ids)):
            found[visit_id].append((kind, JobState(state)))
        return found
