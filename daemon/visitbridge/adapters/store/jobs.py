"""Jobs: the outbox. Payloads lie beside the rest of a job, since they change least and weigh most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import (
    bindparam,
    func,
    insert,
    select,
    update,
)

from visitbridge.adapters.store import tables
from visitbridge.adapters.store.session import (
    Row,
    Session,
    Statement,
    from_micros,
    from_micros_or_none,
    limited,
    micros,
    micros_or_none,
)
from visitbridge.domain.jobs import Job, JobState, Need
from visitbridge.ports.clock import Clock

# Of SQLite: a negative LIMIT is none.
_NO_LIMIT: Final = -1
_DECODER: Final = msgspec.json.Decoder(Job)
_REST_DECODER: Final = msgspec.json.Decoder(dict[str, Any])
_TEXTS_DECODER: Final = msgspec.json.Decoder(list[str])
_ENCODER: Final = msgspec.json.Encoder()

_j = tables.jobs.c
_p = tables.job_payloads.c
_r = tables.job_revisions.c

_FIELDS: Final = tuple(column for column in _j if column.name not in {"rest", "payload_id"})
_JOB: Final = select(*_FIELDS, _j.rest, _p.payload).join_from(
    tables.jobs, tables.job_payloads, _p.id == _j.payload_id, isouter=True
)
_BY_ID: Final = _j.job_id == bindparam("of_job")
_BY_DEADLINE: Final = (_j.due_at, _j.created_at)


_GET: Final = Statement(_JOB.where(_BY_ID))
_BY_KEY: Final = Statement(_JOB.where(_j.key == bindparam("key")))
_OF_VISIT: Final = Statement(
    _JOB.where(_j.visit_id == bindparam("visit_id")).order_by(_j.position, _j.created_at)
)
_IN_STATES: Final = limited(
    _JOB.where(
        _j.state.in_(select(func.json_each(bindparam("states")).table_valued("value").c.value))
    ).order_by(*_BY_DEADLINE)
)
_INSERT: Final = Statement(insert(tables.jobs))
# A column that an UPDATE names has its index entries written anew even if the value is the same.
_SELDOM_CHANGED: Final = ("kind", "key", "visit_id", "position", "created_at")
_STORED: Final = Statement(
    select(
        _j.fence,
        _j.revision,
        _j.digest,
        _j.payload_id,
        _j.kind,
        _j.key,
        _j.visit_id,
        _j.position,
        _j.created_at,
    ).where(_BY_ID)
)


def _update(*left_alone: str) -> Statement:
    changed: dict[Any, Any] = {
        column: bindparam(column.name) for column in _j if column.name not in left_alone
    }
    return Statement(update(tables.jobs).where(_BY_ID).values(changed))


_UPDATE: Final = _update("job_id", *_SELDOM_CHANGED)
_UPDATE_ALL: Final = _update("job_id")
_ADD_PAYLOAD: Final = Statement(insert(tables.job_payloads).values(payload=bindparam("payload")))
_CHANGE_PAYLOAD: Final = Statement(
    update(tables.job_payloads).where(_p.id == bindparam("of_payload")).values(payload=bindparam("payload"))
)
_KEEP: Final = Statement(insert(tables.job_revisions))
_REVISIONS: Final = Statement(
    select(_r.content).where(_r.job_id == bindparam("of_job")).order_by(_r.revision)
)

_NAMES: Final = tuple(str(column.name) for column in _FIELDS)
_DEFAULTS: Final = dict(
    zip(Job.__struct_fields__[-len(Job.__struct_defaults__) :], Job.__struct_defaults__, strict=True)
)
# Fields that the engine adds to a job are kept without a migration, as long as they have a default.
_REST: Final = tuple(name for name in Job.__struct_fields__ if name not in {*_NAMES, "payload"})


class SqlJobs:
    """Implements ``ports.repositories.Jobs``."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def add(self, job: Job) -> None:
        self._session.run(_INSERT, job_id=job.job_id, payload_id=self._add_payload(job), **_columns(job))

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
        _, revision, digest, payload_id, *seldom_changed = stored
        if revision != job.revision:
            self._keep(job.job_id)
        if (revision, digest) != (job.revision, job.digest):
            if payload_id is None:
                payload_id = self._add_payload(job)
            else:
                session.run(_CHANGE_PAYLOAD, of_payload=payload_id, payload=job.payload)
        columns = _columns(job)
        is_usual = seldom_changed == [columns[name] for name in _SELDOM_CHANGED]
        session.run(_UPDATE if is_usual else _UPDATE_ALL, of_job=job.job_id, payload_id=payload_id, **columns)
        return True

    def revisions(self, job_id: str) -> Sequence[Job]:
        return [_DECODER.decode(row[0]) for row in self._session.rows(_REVISIONS, of_job=job_id)]

    def of_visit(self, visit_id: str) -> Sequence[Job]:
        return _jobs(self._session.rows(_OF_VISIT, visit_id=visit_id))

    def in_states(self, states: Sequence[JobState], *, limit: int | None = None) -> Sequence[Job]:
        wanted = _ENCODER.encode(list(states)).decode()
        return _jobs(
            self._session.rows(_IN_STATES, states=wanted, limit=_NO_LIMIT if limit is None else limit)
        )

    def _add_payload(self, job: Job) -> int | None:
        return self._session.add(_ADD_PAYLOAD, payload=job.payload) if job.payload else None

    def _keep(self, job_id: str) -> None:
        former = self.get(job_id)
        if former is not None:
            self._session.run(
                _KEEP,
                job_id=job_id,
                revision=former.revision,
                replaced_at=micros(self._clock.now()),
                content=_ENCODER.encode(former),
            )


def _columns(job: Job) -> dict[str, object]:
    """All columns but ``job_id`` and ``payload_id``."""
    rest = {name: value for name in _REST if (value := getattr(job, name)) != _DEFAULTS.get(name)}
    return {
        "kind": job.kind,
        "key": job.key,
        "visit_id": job.visit_id,
        "position": job.position,
        "state": job.state.value,
        "needs": _texts(job.needs),
        "digest": job.digest,
        "revision": job.revision,
        "created_at": micros(job.created_at),
        "due_at": micros(job.due_at),
        "not_before": micros_or_none(job.not_before),
        "fence": job.fence,
        "rest": _ENCODER.encode(rest),
    }


def _job(row: Row) -> Job:
    *columns, rest, payload = row
    values = dict(zip(_NAMES, columns, strict=True))
    values["needs"] = [_need(text) for text in _TEXTS_DECODER.decode(values["needs"])]
    values["created_at"] = from_micros(values["created_at"])
    values["due_at"] = from_micros(values["due_at"])
    values["not_before"] = from_micros_or_none(values["not_before"])
    values["payload"] = payload or b""
    return msgspec.convert(values | _REST_DECODER.decode(rest), Job)


def _texts(needs: Iterable[Need]) -> str:
    return _ENCODER.encode([str(need) for need in needs]).decode()


def _need(text: str) -> Need:
    kind, _, value = text.partition(":")
    return Need(kind, value)


def _jobs(rows: Sequence[Row]) -> list[Job]:
    return [_job(row) for row in rows]
