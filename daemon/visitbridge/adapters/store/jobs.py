"""Jobs: the outbox. Payloads lie beside the rest of a job, since they change least and weigh most."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)

from visitbridge.adapters.store import tables
from visitbridge.adapters.store.session import Row, Session, Statement, micros, micros_or_none
from visitbridge.domain.jobs import Job, JobState, Need
from visitbridge.ports.clock import Clock

_DECODER: Final = msgspec.json.Decoder(Job)
_ENCODER: Final = msgspec.json.Encoder()

_j = tables.jobs.c
_r = tables.job_revisions.c
_earlier = tables.jobs.alias("earlier")

_JOB: Final = select(_j.content, _j.payload)
_SETTLED: Final = [literal(state.value) for state in JobState if not state.is_open]
_BY_ID: Final = _j.job_id == bindparam("of_job")


def _given(name: str) -> Select[str]:
    """The strings of a JSON array parameter."""
    return select(func.json_each(bindparam(name)).table_valued("value").c.value)


def _ready(*conditions: ColumnElement[bool]) -> Statement:
    return Statement(
        _JOB.where(
            text(tables.READY_STATES),
            or_(_j.not_before.is_(None), _j.not_before <= bindparam("now")),
            ~exists(
                select(_earlier.c.job_id).where(
                    _j.visit_id != "",
                    _earlier.c.visit_id == _j.visit_id,
                    _earlier.c.position < _j.position,
                    _earlier.c.state.not_in(_SETTLED),
                )
            ),
            *conditions,
        )
        .order_by(_j.due_at, _j.created_at)
        .limit(bindparam("limit"))
    )


_NEEDS_HELD: Final = ~exists(
    select(func.json_each(_j.needs).table_valued("value", name="need").c.value).where(
        text("need.value NOT IN (SELECT value FROM json_each(:holding))")
    )
)
_READY: Final = _ready()
_READY_WITH: Final = _ready(_NEEDS_HELD)
_GET: Final = Statement(_JOB.where(_BY_ID))
_BY_KEY: Final = Statement(_JOB.where(_j.key == bindparam("key")))
_OF_VISIT: Final = Statement(
    _JOB.where(_j.visit_id == bindparam("visit_id")).order_by(_j.position, _j.created_at)
)
_IN_STATES: Final = Statement(
    _JOB.where(_j.state.in_(_given("states"))).order_by(_j.due_at, _j.created_at).limit(bindparam("limit"))
)
_COUNTS: Final = Statement(select(_j.state, func.count()).group_by(_j.state))
_INSERT: Final = Statement(insert(tables.jobs))
_STORED: Final = Statement(select(_j.fence, _j.revision, _j.digest).where(_BY_ID))
_KEPT_COLUMNS: Final = ("job_id", "payload")
_CHANGED: Final[dict[Any, Any]] = {
    column: bindparam(column.name) for column in _j if column.name not in _KEPT_COLUMNS
}
_UPDATE: Final = Statement(update(tables.jobs).where(_BY_ID).values(_CHANGED))
_UPDATE_ALL: Final = Statement(
    update(tables.jobs).where(_BY_ID).values({**_CHANGED, _j.payload: bindparam("payload")})
)
_KEEP: Final = Statement(
    insert(tables.job_revisions).from_select(
        [column.name for column in _r],
        select(_j.job_id, _j.revision, bindparam("replaced_at"), _j.content, _j.payload).where(_BY_ID),
    )
)
_REVISIONS: Final = Statement(
    select(_r.content, _r.payload).where(_r.job_id == bindparam("of_job")).order_by(_r.revision)
)


class SqlJobs:
    """Implements ``ports.repositories.Jobs``."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def add(self, job: Job) -> None:
        self._session.run(_INSERT, job_id=job.job_id, payload=job.payload, **_columns(job))

    def get(self, job_id: str) -> Job | None:
        row = self._session.row(_GET, of_job=job_id)
        return None if row is None else _job(row)

    def by_key(self, key: str) -> Job | None:
        row = self._session.row(_BY_KEY, key=key)
        return None if row is None else _job(row)

    def replace(self, job: Job, *, fence: int) -> bool:
        session = self._session
        stored = session.row(_STORED, of_job=job.job_id)
        if stored is None or stored[0] != fence:
            return False
        _, revision, digest = stored
        if revision != job.revision:
            session.run(_KEEP, of_job=job.job_id, replaced_at=micros(self._clock.now()))
        if (revision, digest) == (job.revision, job.digest):
            session.run(_UPDATE, of_job=job.job_id, **_columns(job))
        else:
            session.run(_UPDATE_ALL, of_job=job.job_id, payload=job.payload, **_columns(job))
        return True

    def revisions(self, job_id: str) -> Sequence[Job]:
        return _jobs(self._session.rows(_REVISIONS, of_job=job_id))

    def of_visit(self, visit_id: str) -> Sequence[Job]:
        return _jobs(self._session.rows(_OF_VISIT, visit_id=visit_id))

    def in_states(self, states: Sequence[JobState], *, limit: int = 1000) -> Sequence[Job]:
        wanted = json.dumps([state.value for state in states])
        return _jobs(self._session.rows(_IN_STATES, states=wanted, limit=limit))

    def ready(
        self, now: dt.datetime, *, holding: Collection[Need] | None = None, limit: int = 100
    ) -> Sequence[Job]:
        if holding is None:
            return _jobs(self._session.rows(_READY, now=micros(now), limit=limit))
        held = json.dumps([str(need) for need in holding])
        return _jobs(self._session.rows(_READY_WITH, now=micros(now), holding=held, limit=limit))

    def counts(self) -> dict[JobState, int]:
        return {JobState(state): count for state, count in self._session.rows(_COUNTS)}


def _columns(job: Job) -> dict[str, object]:
    """All columns but ``job_id`` and ``payload``."""
    return {
        "kind": job.kind,
        "key": job.key,
        "visit_id": job.visit_id,
        "position": job.position,
        "state": job.state.value,
        "needs": json.dumps([str(need) for need in job.needs]),
        "digest": job.digest,
        "revision": job.revision,
        "fence": job.fence,
        "created_at": micros(job.created_at),
        "due_at": micros(job.due_at),
        "not_before": micros_or_none(job.not_before),
        "content": _ENCODER.encode(msgspec.structs.replace(job, payload=b"")),
    }


def _job(row: Row) -> Job:
    content, payload = row
    return msgspec.structs.replace(_DECODER.decode(content), payload=payload)


def _jobs(rows: Sequence[Row]) -> list[Job]:
    return [_job(row) for row in rows]
