"""Repositories of a transaction that hold the work: visits, jobs, receipts, and who did what to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Protocol

from visitbridge.domain.jobs import Job, JobState
from visitbridge.domain.visit import Visit, VisitState
from visitbridge.ports.records import AuditEntry, AuditRow, Clearable, VisitSummary
from visitbridge.protocols.datacentre.common import Receipt


class Visits(Protocol):
    def get(self, visit_id: str) -> Visit | None: ...
    def put(self, visit: Visit) -> None:
        """Insert or replace; the former revision is kept. Raises StaleRevision unless revision = stored + 1."""
        ...

    def revisions(self, visit_id: str) -> Sequence[Visit]:
        """Former revisions, oldest first; the current one is not among them."""
        ...

    def summaries(
        self, *, state: VisitState | None = None, patient_card_no: str = "", limit: int = 200
    ) -> Sequence[VisitSummary]:
        """Newest visit time first."""
        ...

    def of_person(self, id_no: str, *, limit: int = 50) -> Sequence[Visit]:
        """Finished visits of one person, newest first."""
        ...

    def last_of_each_person(self, *, limit: int = 200) -> Sequence[Visit]:
        """The newest visit of everybody the box has seen, newest first."""
        ...

    def clearable(self, before: dt.datetime, *, epoch: str) -> Clearable:
        """What :meth:`clear` would delete and keep of the visits before a moment (S04)."""
        ...

    def clear(self, before: dt.datetime, *, epoch: str, limit: int = 500) -> int:
        """Delete up to ``limit`` visits, oldest first, with their jobs and receipts; return how many.

        Only what was uploaded to the VPN with every job confirmed and every receipt held by ``epoch``, and
        discarded drafts. Audit rows stay.
        """
        ...


class Jobs(Protocol):
    def add(self, job: Job) -> None: ...
    def get(self, job_id: str) -> Job | None: ...
    def by_key(self, key: str) -> Job | None:
        """The job whose present key this is."""
        ...

    def replace(self, job: Job, *, fence: int) -> bool:
        """Store a new state of the row if its fence is still ``fence``; False when a newer lease exists.

        When ``revision`` changes, the former one is kept with its payload.
        """
        ...

    def revisions(self, job_id: str) -> Sequence[Job]:
        """Former revisions as they were when replaced, oldest first."""
        ...

    def of_visit(self, visit_id: str) -> Sequence[Job]: ...
    def in_states(self, states: Sequence[JobState], *, limit: int | None = None) -> Sequence[Job]:
        """By deadline, then age; all of them unless ``limit`` says how many."""
        ...


class Receipts(Protocol):
    def add(self, receipt: Receipt, *, job_id: str) -> None:
        """Store a receipt; one for the same key (given again by another epoch) is replaced."""
        ...

    def get(self, key: str) -> Receipt | None: ...
    def unconfirmed(self, epoch: str, *, limit: int = 5000) -> Sequence[str]:
        """Keys that ``epoch`` has neither given nor confirmed, oldest first."""
        ...

    def confirm(self, keys: Collection[str], epoch: str) -> None:
        """Note that ``epoch`` holds these keys."""
        ...


class Audit(Protocol):
    def append(self, entry: AuditEntry) -> None: ...
    def rows(self, *, after: int = 0, limit: int = 500) -> Sequence[AuditRow]: ...
    def head(self) -> tuple[int, str]:
        """Number and chain value of the last row; kept elsewhere, it shows a later truncation."""
        ...
