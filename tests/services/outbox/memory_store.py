"""The store as a model: dictionaries, one transaction at a time, all of it or nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

import msgspec

from visitbridge.domain.jobs import Job, JobState
from visitbridge.domain.visit import Visit, VisitState
from visitbridge.errors import StaleRevision, StoreError
from visitbridge.ports.bluetooth import RememberedReaders
from visitbridge.ports.card_names import CardNames
from visitbridge.ports.consents import Consents, Plans, RecordCopies
from visitbridge.ports.drafts import Editors, Prints, Signatures
from visitbridge.ports.records import (
    AuditEntry,
    AuditRow,
    Clearable,
    StaffSessionRow,
    VisitSummary,
)
from visitbridge.ports.registers import DataSets, LinkHistory, Phones, PhoneSessions
from visitbridge.ports.store import Transaction
from visitbridge.protocols.datacentre.common import Receipt

T = TypeVar("T")


class Rows(msgspec.Struct):
    """Everything that a crash must not lose."""

    visits: dict[str, tuple[Visit, ...]] = {}
    jobs: dict[str, tuple[Job, ...]] = {}
    receipts: dict[str, tuple[Receipt, str]] = {}
    confirmed_by: dict[str, str] = {}
    settings: dict[str, str] = {}
    audit: tuple[AuditEntry, ...] = ()
    staff: dict[str, StaffSessionRow] = {}

    def copy(self) -> Rows:
        return Rows(
            visits=dict(self.visits),
            jobs=dict(self.jobs),
            receipts=dict(self.receipts),
            confirmed_by=dict(self.confirmed_by),
            settings=dict(self.settings),
            audit=self.audit,
            staff=dict(self.staff),
        )


class _Visits:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, visit_id: str) -> Visit | None:
        history = self._rows.visits.get(visit_id)
        return history[-1] if history else None

    def put(self, visit: Visit) -> None:
        history = self._rows.visits.get(visit.visit_id, ())
        if visit.revision != len(history) + 1:
            raise StaleRevision(params={"revision": len(history)})
        self._rows.visits[visit.visit_id] = (*history, visit)

    def revisions(self, visit_id: str) -> Sequence[Visit]:
        return self._rows.visits[visit_id][:-1]

    def summaries(
        self, *, state: VisitState | None = None, patient_card_no: str = "", limit: int = 200
    ) -> Sequence[VisitSummary]:
        raise NotImplementedError

    def of_person(self, id_no: str, *, limit: int = 50) -> Sequence[Visit]:
        raise NotImplementedError

    def last_of_each_person(self, *, limit: int = 200) -> Sequence[Visit]:
        raise NotImplementedError

    def clearable(self, before: dt.datetime, *, epoch: str) -> Clearable:
        raise NotImplementedError

    def clear(self, before: dt.datetime, *, epoch: str, limit: int = 500) -> int:
        raise NotImplementedError


class _Jobs:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(self, job: Job) -> None:
        assert job.job_id not in self._rows.jobs
        self._rows.jobs[job.job_id] = (job,)

    def get(self, job_id: str) -> Job | None:
        history = self._rows.jobs.get(job_id)
        return history[-1] if history else None

    def by_key(self, key: str) -> Job | None:
        return next((job for job in self._all() if job.key == key), None)

    def replace(self, job: Job, *, fence: int) -> bool:
        history = self._rows.jobs[job.job_id]
        if history[-1].fence != fence:
            return False
        kept = history if history[-1].revision != job.revision else history[:-1]
        self._rows.jobs[job.job_id] = (*kept, job)
        return True

    def revisions(self, job_id: str) -> Sequence[Job]:
        return self._rows.jobs[job_id][:-1]

    def of_visit(self, visit_id: str) -> Sequence[Job]:
        mine = (job for job in self._all() if job.visit_id == visit_id)
        return sorted(mine, key=lambda job: job.position)

    def in_states(self, states: Sequence[JobState], *, limit: int | None = None) -> Sequence[Job]:
        return [job for job in self._all() if job.state in states][:limit]

    def _all(self) -> list[Job]:
        return [history[-1] for history in self._rows.jobs.values()]


class _Receipts:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(self, receipt: Receipt, *, job_id: str) -> None:
        self._rows.receipts[receipt.key] = (receipt, job_id)
        self._rows.confirmed_by[receipt.key] = receipt.epoch

    def get(self, key: str) -> Receipt | None:
        held = self._rows.receipts.get(key)
        return held[0] if held else None

    def unconfirmed(self, epoch: str, *, limit: int = 5000) -> Sequence[str]:
        return [key for key in self._rows.receipts if self._rows.confirmed_by[key] != epoch][:limit]

    def confirm(self, keys: Collection[str], epoch: str) -> None:
        self._rows.confirmed_by.update(dict.fromkeys(keys, epoch))


class _Settings:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, name: str) -> str | None:
        return self._rows.settings.get(name)

    def set(self, name: str, value: str | None) -> None:
        if value is None:
            self._rows.settings.pop(name, None)
        else:
            self._rows.settings[name] = value


class _Audit:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def append(self, entry: AuditEntry) -> None:
        self._rows.audit = (*self._rows.audit, entry)

    def rows(self, *, after: int = 0, limit: int = 500) -> Sequence[AuditRow]:
        raise NotImplementedError

    def head(self) -> tuple[int, str]:
        raise NotImplementedError


class _StaffSessions:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def put(self, row: StaffSessionRow) -> None:
        self._rows.staff[row.session_id] = row

    def all(self) -> Sequence[StaffSessionRow]:
        return tuple(self._rows.staff.values())

    def remove(self, session_id: str) -> None:
        self._rows.staff.pop(session_id, None)


class _Transaction:
    def __init__(self, rows: Rows) -> None:
        self.visits = _Visits(rows)
        self.jobs = _Jobs(rows)
        self.receipts = _Receipts(rows)
        self.settings = _Settings(rows)
        self.audit = _Audit(rows)
        self.staff_sessions = _StaffSessions(rows)

    @property
    def editors(self) -> Editors:
        raise NotImplementedError

    @property
    def signatures(self) -> Signatures:
        raise NotImplementedError

    @property
    def prints(self) -> Prints:
        raise NotImplementedError

    @property
    def consents(self) -> Consents:
        raise NotImplementedError

    @property
    def record_copies(self) -> RecordCopies:
        raise NotImplementedError

    @property
    def plans(self) -> Plans:
        raise NotImplementedError

    @property
    def phones(self) -> Phones:
        raise NotImplementedError

    @property
    def phone_sessions(self) -> PhoneSessions:
        raise NotImplementedError

    @property
    def datasets(self) -> DataSets:
        raise NotImplementedError

    @property
    def link_history(self) -> LinkHistory:
        raise NotImplementedError

    @property
    def bluetooth_readers(self) -> RememberedReaders:
        raise NotImplementedError

    @property
    def card_names(self) -> CardNames:
        raise NotImplementedError


class MemoryStore:
    """``rows`` outlives whoever uses the store, as a disk does.

    ``before_commit`` fail before anything is kept, ``after_commit`` once it is: the n-th write from now, counted
    from 0, raises the error.
    """

    def __init__(self) -> None:
        self.rows = Rows()
        self.commits = 0
        self.before_commit: dict[int, StoreError] = {}
        self.after_commit: dict[int, StoreError] = {}

    async def write(self, work: Callable[[Transaction], T]) -> T:
        await asyncio.sleep(0)
        number = self.commits
        self.commits += 1
        if number in self.before_commit:
            raise self.before_commit.pop(number)
        rows = self.rows.copy()
        result = work(_Transaction(rows))
        self.rows = rows
        if number in self.after_commit:
            raise self.after_commit.pop(number)
        return result

    async def read(self, work: Callable[[Transaction], T]) -> T:
        await asyncio.sleep(0)
        return work(_Transaction(self.rows.copy()))
