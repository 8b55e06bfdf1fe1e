"""What people see of the outbox: every item with its reason, and the queue in one line (ux §3.6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec

from visitbridge.domain.jobs import INTERRUPTION_LIMIT, Age, AgeLimits, Job, JobState, age_of
from visitbridge.domain.people import mask_name
from visitbridge.domain.readiness import Reason
from visitbridge.domain.visit import Visit


class JobError(msgspec.Struct, frozen=True, kw_only=True):
    """Why the last attempt ended. ``words``: the other side's own or the box's check's, shown verbatim."""

    code: str
    field: str
    words: str


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """One outbox item. ``waiting_for`` is empty when it is about to start or is settled."""

    job_id: str
    kind: str
    visit_id: str
    patient_name: str
    visit_at: dt.datetime
    state: JobState
    needs_person: bool
    waiting_for: tuple[Reason, ...]
    age: Age
    due_at: dt.datetime
    attempts: int
    revision: int
    error: JobError | None


def wants_person(job: Job) -> bool:
    """Whether this item counts as 需處理."""
    return job.state is JobState.REJECTED or job.needs_person or job.interruptions >= INTERRUPTION_LIMIT


def job_view(
    job: Job, visit: Visit, waiting_for: Iterable[Reason], *, now: dt.datetime, limits: AgeLimits
) -> JobView:
    error = JobError(code=job.error_code, field=job.error_field, words=job.error_words)
    return JobView(
        job_id=job.job_id,
        kind=job.kind,
        visit_id=job.visit_id,
        patient_name=mask_name(visit.patient.name),
        visit_at=visit.visit_at,
        state=job.state,
        needs_person=wants_person(job),
        waiting_for=tuple(waiting_for),
        age=age_of(visit.visit_at, now, limits),
        due_at=job.due_at,
        attempts=job.attempts,
        revision=job.revision,
        error=error if job.error_code else None,
    )


def next_age_change_s(visit_at: dt.datetime, now: dt.datetime, limits: AgeLimits) -> float | None:
    """Seconds until an open item of that time turns amber, red or overdue; None when it has."""
    elapsed_s = (now - visit_at).total_seconds()
    ahead = [limit for limit in (limits.amber_s, limits.red_s, limits.overdue_s) if limit > elapsed_s]
    return min(ahead) - elapsed_s if ahead else None
