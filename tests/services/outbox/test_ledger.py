"""Rows move only by leases that are still held, in one commit with all that belongs to the move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.outbox import samples
from tests.services.outbox.memory_store import MemoryStore
from tests.services.outbox.world import World
from visitbridge.adapters.store import open_store
from visitbridge.domain.job_states import IllegalMove, Move
from visitbridge.domain.job_states import Path as WorkPath
from visitbridge.domain.jobs import Job, JobState
from visitbridge.errors import NotFound
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.common import Receipt, digest_of
from visitbridge.services.outbox.leases import LeaseLost
from visitbridge.services.outbox.ledger import Ledger
from visitbridge.sim.clock import FakeClock

BODY = b"body"


@pytest.fixture(params=["memory", "sql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "box.db", bytes(32), clock=FakeClock()) as opened:
        stores: dict[str, Store] = {"memory": MemoryStore(), "sql": opened}
        yield stores[request.param]


def ledger(store: Store, run_id: str) -> Ledger:
    world = World(store)
    return Ledger(store, world.clock, world.kinds(), run_id=run_id)


async def queued(store: Store, kind: str = "upload.visit") -> Job:
    return (await World(store).enqueue(samples.visit(), (kind,)))[kind]


async def executing(book: Ledger, job_id: str) -> Job:
    lease = await book.lease(job_id)
    assert lease is not None
    return await book.move(
        lease.job, WorkPath.UPLOAD, Move.EXECUTE, {"payload": BODY, "digest": digest_of(BODY)}
    )


def receipt(job: Job) -> Receipt:
    return Receipt(
        key=job.key,
        kind="visit",
        digest=job.digest,
        epoch="epoch-1",
        accepted_at=FakeClock().now(),
        insurer={"sequence_no": "0009"},
        signature="genuine",
    )


async def stored(store: Store, job_id: str) -> Job:
    job = await store.read(lambda tx: tx.jobs.get(job_id))
    assert job is not None
    return job


async def test_a_lease_is_had_once(store: Store) -> None:
    book = ledger(store, "run-1")
    job = await queued(store)
    lease = await book.lease(job.job_id)
    assert lease is not None
    assert (lease.job.state, lease.job.fence, lease.job.attempts) == (JobState.LEASED, 1, 1)
    assert lease.job.leased_by == "run-1"
    assert await book.lease(job.job_id) is None


async def test_who_lost_the_lease_can_write_nothing(store: Store) -> None:
    first = ledger(store, "run-1")
    job = await queued(store)
    old = await executing(first, job.job_id)
    second = ledger(store, "run-2")
    assert await second.recover() == 1
    recovered = await stored(store, job.job_id)
    kind = World(store).kinds()["upload.visit"]
    with pytest.raises(LeaseLost):
        await first.move(old, WorkPath.UPLOAD, Move.PUT_BACK, {})
    with pytest.raises(LeaseLost):
        await first.confirm(old, kind, receipt(old))
    assert await stored(store, job.job_id) == recovered
    assert await store.read(lambda tx: tx.receipts.get(job.key)) is None


async def test_recovery_doubts_what_may_have_left_and_puts_back_the_rest(store: Store) -> None:
    first = ledger(store, "run-1")
    doubtful, harmless = await queued(store), await queued(store, "upload.ic")
    await executing(first, doubtful.job_id)
    await first.lease(harmless.job_id)
    assert await ledger(store, "run-2").recover() == 2
    after = {job_id: await stored(store, job_id) for job_id in (doubtful.job_id, harmless.job_id)}
    assert after[doubtful.job_id].state is JobState.UNKNOWN
    assert after[harmless.job_id].state is JobState.QUEUED
    assert {job.leased_by for job in after.values()} == {""}
    assert {job.interruptions for job in after.values()} == {1}
    assert await ledger(store, "run-3").recover() == 0


async def test_a_run_does_not_recover_its_own_leases(store: Store) -> None:
    book = ledger(store, "run-1")
    job = await queued(store)
    await book.lease(job.job_id)
    assert await book.recover() == 0
    assert (await stored(store, job.job_id)).state is JobState.LEASED


async def test_a_move_that_the_table_lacks_changes_nothing(store: Store) -> None:
    book = ledger(store, "run-1")
    job = await queued(store)
    lease = await book.lease(job.job_id)
    assert lease is not None
    with pytest.raises(IllegalMove):
        await book.move(lease.job, WorkPath.UPLOAD, Move.CONFIRM, {})
    assert await stored(store, job.job_id) == lease.job


async def test_confirming_shares_its_commit_with_the_next_lease(store: Store) -> None:
    book = ledger(store, "run-1")
    first, second = await queued(store), await queued(store, "upload.recognition")
    job = await executing(book, first.job_id)
    kind = World(store).kinds()["upload.visit"]
    done = await book.confirm(job, kind, receipt(job), then=second.job_id)
    assert done.following is not None
    assert done.following.job == await stored(store, second.job_id)
    assert (await stored(store, first.job_id)).state is JobState.CONFIRMED
    assert await store.read(lambda tx: tx.receipts.get(first.key)) == receipt(job)


async def test_a_next_job_that_is_gone_does_not_undo_the_confirmation(store: Store) -> None:
    book = ledger(store, "run-1")
    first, second = await queued(store), await queued(store, "upload.recognition")
    await book.lease(second.job_id)
    job = await executing(book, first.job_id)
    done = await book.confirm(job, World(store).kinds()["upload.visit"], receipt(job), then=second.job_id)
    assert done.following is None
    assert (await stored(store, first.job_id)).state is JobState.CONFIRMED


async def test_a_lease_before_the_body_is_built_brings_the_receipts_of_the_visit(store: Store) -> None:
    book = ledger(store, "run-1")
    first, second = await queued(store), await queued(store, "upload.ic")
    job = await executing(book, first.job_id)
    done = await book.confirm(job, World(store).kinds()["upload.visit"], receipt(job), then=second.job_id)
    assert done.following is not None
    assert done.following.receipts == {"upload.visit": receipt(job)}


async def test_no_lease_on_what_does_not_exist(store: Store) -> None:
    with pytest.raises(NotFound):
        await ledger(store, "run-1").lease("no-such-job")
