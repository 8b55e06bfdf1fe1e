"""The outbox's rows: fenced, ordered, complete."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from tests.adapters.store.builders import NOW, job, save
from visitbridge.adapters.store import SqlStore
from visitbridge.domain.jobs import LINK, SAM, JobState, card_need, staff_need
from visitbridge.errors import Retry, StoreError

CARD = card_need("900000000001")


async def test_a_job_comes_back_as_it_went_in(store: SqlStore) -> None:
    saved = job(
        needs=(CARD, LINK, staff_need("S1")),
        payload=bytes(range(256)),
        not_before=NOW + dt.timedelta(microseconds=1),
        settled_at=NOW,
        attempts=3,
        fence=7,
        error_code="GW-DC-01",
        error_words="科別不符",
    )
    await save(store, saved)
    assert await store.read(lambda tx: tx.jobs.get("job-1")) == saved
    assert await store.read(lambda tx: tx.jobs.by_key("key-of-job-1")) == saved
    assert await store.read(lambda tx: tx.jobs.get("job-2")) is None
    assert await store.read(lambda tx: tx.jobs.by_key("job-1")) is None


@pytest.mark.parametrize("twin", [{"key": "other"}, {"job_id": "other"}])
async def test_job_and_key_exist_once(store: SqlStore, twin: dict[str, str]) -> None:
    await save(store, job())
    with pytest.raises(StoreError) as caught:
        await save(store, job(**({"job_id": "job-1", "key": "key-of-job-1"} | twin)))
    assert caught.value.retry is Retry.NEVER
    assert await store.read(lambda tx: tx.jobs.in_states(tuple(JobState))) == [job()]


async def test_replace_changes_everything_but_the_id(store: SqlStore) -> None:
    await save(store, job())
    changed = job(
        state=JobState.EXECUTING,
        needs=(SAM,),
        fence=1,
        attempts=1,
        not_before=NOW,
        due_at=NOW,
        position=4,
        kind="upload.ic",
        visit_id="visit-2",
        error_code="GW-LNK-04",
    )
    assert await store.write(lambda tx: tx.jobs.replace(changed, fence=0))
    assert await store.read(lambda tx: tx.jobs.get("job-1")) == changed
    assert await store.read(lambda tx: tx.jobs.of_visit("visit-2")) == [changed]


@pytest.mark.parametrize("fence", [0, 2])
async def test_a_result_with_another_fence_is_refused(store: SqlStore, fence: int) -> None:
    leased = job(state=JobState.LEASED, fence=1)
    await save(store, leased)
    late = msgspec.structs.replace(leased, state=JobState.CONFIRMED)
    assert not await store.write(lambda tx: tx.jobs.replace(late, fence=fence))
    assert await store.read(lambda tx: tx.jobs.get("job-1")) == leased


async def test_replacing_a_job_that_is_not_there_is_refused(store: SqlStore) -> None:
    assert not await store.write(lambda tx: tx.jobs.replace(job(), fence=0))


async def test_a_payload_built_later_is_stored(store: SqlStore) -> None:
    await save(store, job(payload=b""))
    built = job(payload=b"{}", state=JobState.PREPARED)
    assert await store.write(lambda tx: tx.jobs.replace(built, fence=0))
    assert await store.read(lambda tx: tx.jobs.get("job-1")) == built
    assert await store.read(lambda tx: tx.jobs.revisions("job-1")) == []


async def test_a_new_revision_keeps_the_former_one(store: SqlStore) -> None:
    first = job(state=JobState.REJECTED, error_field="department")
    second = job(key="key-2", revision=2, payload=b"corrected")
    await save(store, first)
    assert await store.write(lambda tx: tx.jobs.replace(second, fence=0))
    assert await store.read(lambda tx: tx.jobs.get("job-1")) == second
    assert await store.read(lambda tx: tx.jobs.revisions("job-1")) == [first]


async def test_jobs_of_a_visit_come_by_position(store: SqlStore) -> None:
    await save(store, job("b", position=2), job("a", position=1), job("c", visit_id="visit-2"))
    found = await store.read(lambda tx: tx.jobs.of_visit("visit-1"))
    assert [one.job_id for one in found] == ["a", "b"]


async def test_jobs_in_some_states_come_by_deadline_then_age(store: SqlStore) -> None:
    hour = dt.timedelta(hours=1)
    await save(
        store,
        job("late", due_at=NOW + hour),
        job("young", due_at=NOW, created_at=NOW),
        job("old", due_at=NOW, created_at=NOW - hour),
        job("settled", due_at=NOW, state=JobState.CONFIRMED),
        job("in-doubt", due_at=NOW - hour, state=JobState.UNKNOWN),
    )
    wanted = (JobState.QUEUED, JobState.UNKNOWN)
    found = await store.read(lambda tx: tx.jobs.in_states(wanted))
    assert [one.job_id for one in found] == ["in-doubt", "old", "young", "late"]
    assert await store.read(lambda tx: tx.jobs.in_states(wanted, limit=2)) == found[:2]


@pytest.mark.parametrize("state", [state for state in JobState if state.is_open])
async def test_the_database_itself_refuses_to_delete_open_work(store: SqlStore, state: JobState) -> None:
    await save(store, job(state=state))
    connection = store._database._opened()
    with pytest.raises(Exception, match="an open job is not deleted"):
        await store._lane.call(connection.execute, "DELETE FROM jobs", deadline_s=5)
