"""Why a job waits: the codes, who blocks whom, and words for every code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec
import pytest

from visitbridge.domain.jobs import (
    INTERRUPTION_LIMIT,
    LINK,
    SAM,
    TIME,
    Job,
    JobState,
    Need,
    card_need,
    staff_need,
)
from visitbridge.domain.readiness import People, reasons
from visitbridge.words import LANGUAGES, load_catalogue

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
PEOPLE = People(patient="王○明", practitioner="陳醫師")
NEEDS = (LINK, SAM, TIME, staff_need("A123456788"), card_need("900000000011"))


def job(state: JobState = JobState.QUEUED, *, kind: str = "upload.ic", **changes: object) -> Job:
    plain = Job(
        job_id=f"job-{kind}",
        kind=kind,
        key="key",
        visit_id="visit-1",
        position=9,
        state=state,
        needs=NEEDS,
        payload=b"",
        digest="",
        revision=1,
        created_at=NOW,
        due_at=NOW,
    )
    return msgspec.structs.replace(plain, **changes)


def codes(
    waiting: Job,
    *,
    earlier: Sequence[Job] = (),
    requires: frozenset[str] = frozenset(),
    missing: Sequence[Need] = (),
    backing_off: bool = False,
) -> list[str]:
    found = reasons(
        waiting,
        earlier,
        requires=requires,
        people=PEOPLE,
        holds=lambda need: need not in missing,
        backing_off=backing_off,
    )
    return [reason.code for reason in found]


def test_nothing_missing_means_it_may_start() -> None:
    assert codes(job()) == []


@pytest.mark.parametrize(
    ("need", "code"),
    [
        (LINK, "waiting.link"),
        (SAM, "waiting.sam"),
        (TIME, "waiting.time"),
        (NEEDS[3], "waiting.staff"),
        (NEEDS[4], "waiting.card"),
    ],
)
def test_each_need_has_its_reason(need: Need, code: str) -> None:
    assert codes(job(), missing=[need]) == [code]


@pytest.mark.parametrize(
    ("waiting", "code"),
    [
        (job(JobState.LEASED), "waiting.working"),
        (job(JobState.PREPARED), "waiting.working"),
        (job(JobState.EXECUTING), "waiting.working"),
        (job(JobState.UNKNOWN, leased_by="run"), "waiting.working"),
        (job(JobState.HELD), "waiting.release"),
        (job(JobState.REJECTED), "waiting.person"),
        (job(interruptions=INTERRUPTION_LIMIT), "waiting.person"),
        (job(JobState.HANDED_OFF), "waiting.acknowledgement"),
    ],
)
def test_states_that_no_need_explains(waiting: Job, code: str) -> None:
    assert codes(waiting, missing=NEEDS) == [code]


@pytest.mark.parametrize(
    ("waiting", "code"),
    [(job(not_before=NOW), "waiting.until"), (job(JobState.UNKNOWN, not_before=NOW), "waiting.ask")],
)
def test_a_back_off_names_its_time(waiting: Job, code: str) -> None:
    assert codes(waiting, backing_off=True) == [code]


@pytest.mark.parametrize(
    ("before", "requires", "blocked"),
    [
        (job(kind="upload.visit"), "", True),
        (job(JobState.UNKNOWN, kind="upload.visit"), "", True),
        (job(JobState.REJECTED, kind="upload.visit"), "", False),
        (job(JobState.HELD, kind="upload.visit"), "", False),
        (job(kind="upload.visit", needs_person=True), "", False),
        (job(JobState.REJECTED, kind="card.write_visit"), "card.write_visit", True),
        (job(JobState.HELD, kind="card.write_visit"), "card.write_visit", True),
        (job(JobState.CONFIRMED, kind="card.write_visit", settled_at=NOW), "card.write_visit", False),
        (job(JobState.WRITTEN, kind="card.write_visit", settled_at=NOW), "card.write_visit", False),
        (job(JobState.WRITTEN, kind="card.write_visit"), "card.write_visit", True),
    ],
)
def test_who_blocks_whom_in_a_visit(before: Job, requires: str, *, blocked: bool) -> None:
    found = codes(job(), earlier=[before], requires=frozenset({requires}))
    assert found == (["waiting.order"] if blocked else [])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "name",
    [
        "working",
        "release",
        "person",
        "acknowledgement",
        "order",
        "link",
        "sam",
        "time",
        "card",
        "staff",
        "until",
        "ask",
    ],
)
def test_every_reason_has_words(language: str, name: str) -> None:
    assert load_catalogue().texts(language)[f"waiting.{name}"]
