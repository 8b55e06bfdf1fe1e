"""The order in which open items are listed and started."""

from __future__ import annotations

import datetime as dt

from tests.services.outbox import samples
from visitbridge.domain.jobs import Job, JobState
from visitbridge.services.outbox.kinds import Kinds
from visitbridge.services.outbox.open_jobs import OpenJobs

HOUR = dt.timedelta(hours=1)


def job(
    job_id: str, *, position: int, due_at: dt.datetime, created_at: dt.datetime = samples.VISIT_AT
) -> Job:
    return Job(
        job_id=job_id,
        kind="upload.visit",
        key=f"key-{job_id}",
        visit_id="visit-1",
        position=position,
        state=JobState.QUEUED,
        needs=(),
        payload=b"",
        digest="",
        revision=1,
        created_at=created_at,
        due_at=due_at,
    )


def test_items_come_by_deadline_then_age_then_as_the_steps_follow_each_other() -> None:
    due = samples.VISIT_AT + 24 * HOUR
    opened = OpenJobs(Kinds(()), holds=lambda _: True, monotonic=lambda: 0.0)
    opened.put(
        samples.visit(),
        [
            job("a-third", position=60, due_at=due),
            job("b-second", position=50, due_at=due),
            job("c-first", position=20, due_at=due),
            job("d-older", position=70, due_at=due, created_at=samples.VISIT_AT - HOUR),
            job("e-urgent", position=80, due_at=due - HOUR),
        ],
    )

    assert [entry.job.job_id for entry in opened] == ["e-urgent", "d-older", "c-first", "b-second", "a-third"]
    oldest = opened.oldest()
    assert oldest is not None
    assert oldest.job.job_id == "e-urgent"
