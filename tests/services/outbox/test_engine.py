"""The way of a visit's jobs through the outbox: what waits, what goes, in which order."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from tests.patience import PATIENCE_S
from tests.services.outbox import samples
from tests.services.outbox.fakes import FakeCard, Fault
from tests.services.outbox.memory_store import MemoryStore
from tests.services.outbox.world import World
from visitbridge.adapters.store import open_store
from visitbridge.domain.jobs import INTERRUPTION_LIMIT, Age, Job, JobState
from visitbridge.domain.readiness import Reason
from visitbridge.domain.sequence import offline_sequence
from visitbridge.domain.visit import ClockReading, Identification
from visitbridge.errors import Retry, StoreDamaged, StoreError, StoreFull
from visitbridge.ports.clock import TimeTrust
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.outbox.names import AFTER_UPLOADS
from visitbridge.services.outbox.steps import Edge, StepPoint
from visitbridge.services.topics import QueueTopic, VisitNotice
from visitbridge.services.true_time import note_boot
from visitbridge.sim.clock import FakeClock

WHOLE_VISIT = ("card.write_visit", "card.write_prescription", "upload.visit", "upload.ic")
OFFLINE_VISIT = ("upload.recognition", "upload.visit", "upload.ic")


@pytest.fixture(params=["memory", "sql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """The model, and the real encrypted store."""
    async with open_store(tmp_path / "box.db", bytes(32), clock=FakeClock()) as opened:
        stores: dict[str, Store] = {"memory": MemoryStore(), "sql": opened}
        yield stores[request.param]


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


@pytest.fixture
def memory() -> World:
    return World(MemoryStore())


def reasons(world: World) -> dict[str, tuple[str, ...]]:
    return {
        item.kind: tuple(reason.code for reason in item.waiting_for) for item in world.outbox.desk.items()
    }


async def test_a_whole_visit_ends_with_four_receipts(world: World) -> None:
    async with world.running():
        world.insert()
        jobs = await world.enqueue(samples.visit(), WHOLE_VISIT)
        await world.outbox.wait_quiet()
    assert set((await world.states(jobs)).values()) == {JobState.CONFIRMED}
    assert [kind for kind, _ in world.portal.sent] == ["visit", "ic_record"]
    assert dict(world.portal.effects) == {job.key: 1 for job in jobs.values()}
    visit = await world.visit("visit-1")
    assert visit.sequence is not None
    assert (visit.sequence.number, visit.sequence.source) == ("0007", "card")


async def test_receipts_and_audit_are_stored_with_the_confirmation(world: World) -> None:
    async with world.running():
        jobs = await world.enqueue(samples.visit(), ("upload.recognition",))
        await world.outbox.wait_quiet()
    key = jobs["upload.recognition"].key
    receipt = await world.store.read(lambda tx: tx.receipts.get(key))
    assert receipt == world.portal.receipts[key]


async def test_link_down_waits_and_goes_on_by_itself(world: World) -> None:
    world.set_link(up=False)
    async with world.running():
        world.insert()
        jobs = await world.enqueue(samples.visit(), WHOLE_VISIT)
        await world.outbox.wait_quiet()
        assert not world.relay.sessions
        assert reasons(world)["card.write_visit"] == ("waiting.link",)
        world.set_link(up=True)
        await world.outbox.wait_quiet()
    assert set((await world.states(jobs)).values()) == {JobState.CONFIRMED}


async def test_every_need_is_named(memory: World) -> None:
    memory.link_up = memory.sam_verified = False
    memory.clock.trust = TimeTrust.UNTRUSTED
    memory.staff.live.clear()
    async with memory.running():
        await memory.enqueue(samples.visit(), ("card.write_visit", "upload.visit"))
        items = {item.kind: item for item in memory.outbox.desk.items()}
    assert items["card.write_visit"].waiting_for == (
        Reason(code="waiting.time"),
        Reason(code="waiting.link"),
        Reason(code="waiting.sam"),
        Reason(code="waiting.staff", params={"name": "陳醫師"}),
        Reason(code="waiting.card", params={"name": "王○試"}),
    )
    assert items["upload.visit"].waiting_for[0] == Reason(
        code="waiting.order", params={"kind": "card.write_visit"}
    )


async def test_concurrency_is_bounded(memory: World) -> None:
    memory.portal.gate = asyncio.Event()
    async with memory.running():
        for number in range(10):
            await memory.enqueue(samples.visit(f"visit-{number}"), ("upload.recognition",))
        for _ in range(4):
            await memory.portal.arrived.acquire()
        memory.portal.gate.set()
        await memory.outbox.wait_quiet()
    assert memory.portal.most_under_way == 4
    assert len(memory.portal.sent) == 10


async def test_one_card_is_written_one_job_at_a_time_and_two_cards_side_by_side(memory: World) -> None:
    other = FakeCard(samples.OTHER_CARD_NO)
    memory.relay.gate = asyncio.Event()
    async with memory.running():
        memory.insert()
        memory.insert(other)
        for number in range(3):
            await memory.enqueue(samples.visit(f"mine-{number}"), ("card.write_visit",))
            theirs = samples.visit(f"theirs-{number}", card_no=samples.OTHER_CARD_NO)
            await memory.enqueue(theirs, ("card.write_visit",))
        memory.relay.gate.set()
        await memory.outbox.wait_quiet()
    assert memory.relay.most_under_way == 2
    assert (len(memory.card.records), len(other.records)) == (3, 3)


async def test_pending_writes_of_a_card_go_oldest_first_in_one_insertion(memory: World) -> None:
    async with memory.running():
        for days in (1, 3, 2):
            visit_at = samples.VISIT_AT - dt.timedelta(days=days)
            await memory.enqueue(samples.visit(f"days-{days}", visit_at=visit_at), ("card.write_visit",))
        await memory.outbox.wait_quiet()
        assert not memory.relay.sessions
        memory.insert()
        await memory.outbox.wait_quiet()
    taken = [await memory.visit(f"days-{days}") for days in (3, 2, 1)]
    sequences = [visit.sequence for visit in taken if visit.sequence]
    assert len(sequences) == 3
    keys = list(memory.card.records)
    by_key = {job.key: job.visit_id for visit in taken for job in await _jobs(memory, visit.visit_id)}
    assert [by_key[key] for key in keys] == ["days-3", "days-2", "days-1"]


async def _jobs(world: World, visit_id: str) -> Sequence[Job]:
    return await world.store.read(lambda tx: tx.jobs.of_visit(visit_id))


async def test_uploads_go_by_deadline_then_age(memory: World) -> None:
    memory.settings = msgspec.structs.replace(memory.settings, concurrency=1)
    memory.set_link(up=False)
    async with memory.running():
        keys = {}
        for hours in (1, 5, 3):
            visit = samples.visit(f"hours-{hours}", visit_at=samples.VISIT_AT - dt.timedelta(hours=hours))
            jobs = await memory.enqueue(visit, ("upload.recognition",))
            keys[jobs["upload.recognition"].key] = hours
        memory.set_link(up=True)
        await memory.outbox.wait_quiet()
    assert [keys[key] for _, key in memory.portal.sent] == [5, 3, 1]


async def test_one_rejected_item_blocks_nobody(memory: World) -> None:
    memory.portal.faults["send"] = [Fault.REFUSED]
    async with memory.running():
        earlier = samples.VISIT_AT - dt.timedelta(hours=1)
        bad = await memory.enqueue(
            samples.offline_visit("bad", visit_at=earlier),
            ("upload.recognition", "upload.visit", "upload.ic"),
        )
        good = await memory.enqueue(samples.offline_visit("good"), OFFLINE_VISIT)
        await memory.settle(limit_s=60.0)
        rejected = next(item for item in memory.outbox.desk.items() if item.needs_person)
        topic = memory.outbox.desk.summary()
    assert await memory.states(bad) == {
        "upload.recognition": JobState.REJECTED,
        "upload.visit": JobState.CONFIRMED,
        "upload.ic": JobState.CONFIRMED,
    }
    assert set((await memory.states(good)).values()) == {JobState.CONFIRMED}
    assert rejected.error is not None
    assert (rejected.error.code, rejected.error.field) == ("GW-DC-01", "sequence")
    assert rejected.error.words == "就醫序號錯誤"
    assert (topic.depth, topic.attention) == (1, 1)


async def test_uploads_wait_for_the_number_even_when_the_card_write_needs_a_person(memory: World) -> None:
    memory.portal.faults["write_visit"] = [Fault.REFUSED]
    async with memory.running():
        memory.insert()
        jobs = await memory.enqueue(samples.visit(), WHOLE_VISIT)
        await memory.settle(limit_s=60.0)
        waiting = reasons(memory)
    assert (await memory.states(jobs))["card.write_visit"] is JobState.REJECTED
    assert not memory.portal.sent
    assert waiting["upload.visit"] == ("waiting.order",)


async def test_an_optional_card_write_holds_up_no_upload_and_keeps_f00b(memory: World) -> None:
    visit = samples.visit(
        identification=Identification.CARD_OFFLINE, sequence=offline_sequence(samples.VISIT_AT)
    )
    late = memory.kinds()["card.write_visit"].new_job(visit, samples.VISIT_AT, position=20 + AFTER_UPLOADS)
    async with memory.running():
        jobs = await memory.enqueue(visit, OFFLINE_VISIT)
        await memory.store.write(lambda tx: tx.jobs.add(late))
        memory.outbox.desk.accept(visit, [late])
        await memory.outbox.wait_quiet()
        assert set((await memory.states(jobs)).values()) == {JobState.CONFIRMED}
        memory.insert()
        await memory.outbox.wait_quiet()
    assert (await memory.job(late.job_id)).state is JobState.CONFIRMED
    after = await memory.visit("visit-1")
    assert after.sequence == visit.sequence


async def test_retry_after_holds_all_uploads_until_its_time(memory: World) -> None:
    memory.settings = msgspec.structs.replace(memory.settings, concurrency=1)
    memory.portal.faults["send"] = [Fault.RETRY_AFTER]
    async with memory.running():
        for number in range(3):
            await memory.enqueue(samples.visit(f"visit-{number}"), ("upload.recognition",))
        await memory.outbox.wait_quiet()
        await memory.pass_time(29.0)
        assert not memory.portal.sent
        await memory.pass_time(2.0)
    assert len(memory.portal.sent) == 3


async def test_a_back_off_ends_when_what_was_missing_comes(memory: World) -> None:
    memory.portal.faults["send"] = [Fault.LINK_DOWN] * 8
    async with memory.running():
        await memory.enqueue(samples.visit(), ("upload.recognition",))
        for _ in range(8):
            await memory.pass_time(60.0)
        memory.set_link(up=False)
        await memory.outbox.wait_quiet()
        memory.portal.faults["send"].clear()
        memory.set_link(up=True)
        await memory.outbox.wait_quiet()
    assert len(memory.portal.sent) == 1


async def test_a_timer_alone_wakes_the_engine(memory: World) -> None:
    memory.portal.faults["send"] = [Fault.BUSY]
    async with memory.running():
        await memory.enqueue(samples.visit(), ("upload.recognition",))
        await memory.outbox.wait_quiet()
        memory.clock.advance(120.0)
        await memory.portal.arrived.acquire()
        await memory.portal.arrived.acquire()
        await memory.outbox.wait_quiet()
    assert len(memory.portal.sent) == 1


async def test_nothing_is_polled(memory: World) -> None:
    memory.set_link(up=False)
    async with memory.running():
        await memory.enqueue(samples.offline_visit(), OFFLINE_VISIT)
        await memory.outbox.wait_quiet()
        commits = memory.store.commits if isinstance(memory.store, MemoryStore) else -1
        memory.clock.advance(3600.0)
        await memory.outbox.wait_quiet()
        assert isinstance(memory.store, MemoryStore)
        assert memory.store.commits == commits
        assert memory.clock.sleepers <= 1


@pytest.mark.parametrize("number", range(2, 8))
@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
async def test_a_full_disk_at_any_commit_delays_and_doubles_nothing(number: int, when: str) -> None:
    store = MemoryStore()
    world = World(store)
    world.insert()
    jobs = await world.enqueue(samples.visit(), ("card.write_visit", "upload.visit"))
    getattr(store, when)[number] = StoreFull()
    async with world.running():
        await world.settle()
    assert set((await world.states(jobs)).values()) == {JobState.CONFIRMED}
    assert set(world.portal.effects.values()) | set(world.card.begun.values()) == {1}
    assert store.before_commit == store.after_commit == {}


async def test_a_disk_that_is_full_at_the_start_is_waited_for_and_what_is_open_is_shown(
    memory: World,
) -> None:
    """After a kill in the middle of a write, too: a start anew would meet the same disk."""
    assert isinstance(memory.store, MemoryStore)
    memory.insert()
    jobs = await memory.enqueue(samples.visit(), ("card.write_visit",))
    memory.crash_at = StepPoint(
        kind="card.write_visit", step="execute", edge=Edge.AFTER, job_id=jobs["card.write_visit"].job_id
    )
    assert await memory.run_until_dead()
    memory.store.before_commit = {memory.store.commits + number: StoreFull() for number in range(3)}
    async with memory.running():
        shown = [item.state for item in memory.outbox.desk.items()]
        for _ in range(3):
            await sleepers(memory)
            memory.clock.advance(memory.settings.look_again_s)
        await sleepers(memory)
        await memory.settle()

    assert shown == [JobState.EXECUTING]
    assert await memory.states(jobs) == {"card.write_visit": JobState.CONFIRMED}
    assert set(memory.card.begun.values()) == {1}


async def sleepers(world: World) -> None:
    """Until the engine waits for time to pass."""
    async with asyncio.timeout(PATIENCE_S):
        while not world.clock.sleepers:  # noqa: ASYNC110 - the clock tells nobody
            await asyncio.sleep(0)


async def test_a_damaged_store_ends_the_service(memory: World) -> None:
    assert isinstance(memory.store, MemoryStore)
    await memory.enqueue(samples.visit(), ("upload.recognition",))
    memory.store.before_commit[2] = StoreDamaged()
    with pytest.raises(BaseExceptionGroup) as failed:
        async with memory.running():
            await memory.outbox.wait_quiet()
    assert failed.group_contains(StoreDamaged)


async def test_a_stop_lets_a_card_write_end(memory: World) -> None:
    memory.insert()
    jobs = await memory.enqueue(samples.visit(), ("card.write_visit",))
    memory.relay.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        memory.outbox = memory._build()
        running = group.create_task(memory.outbox.run(lambda: None))
        await memory.relay.arrived.acquire()
        running.cancel()
        await asyncio.sleep(0)
        memory.relay.gate.set()
    assert await memory.states(jobs) == {"card.write_visit": JobState.CONFIRMED}


async def test_a_stop_does_not_wait_longer_than_its_budget(memory: World) -> None:
    memory.insert()
    jobs = await memory.enqueue(samples.visit(), ("card.write_visit",))
    memory.relay.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        memory.outbox = memory._build()
        running = group.create_task(memory.outbox.run(lambda: None))
        await memory.relay.arrived.acquire()
        running.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        memory.clock.advance(memory.settings.stop_budget_s)
    assert await memory.states(jobs) == {"card.write_visit": JobState.EXECUTING}
    memory.relay.gate.set()
    async with memory.running():
        await memory.settle()
    assert await memory.states(jobs) == {"card.write_visit": JobState.CONFIRMED}
    assert list(memory.card.begun.values()) == [1]


async def test_a_job_that_kills_the_program_again_and_again_is_left_alone(memory: World) -> None:
    jobs = await memory.enqueue(samples.visit(), ("upload.recognition",))
    job = jobs["upload.recognition"]

    def poison(tx: Transaction) -> None:
        row = msgspec.structs.replace(
            job, state=JobState.LEASED, leased_by="dead", interruptions=INTERRUPTION_LIMIT - 1
        )
        assert tx.jobs.replace(row, fence=0)

    await memory.store.write(poison)
    async with memory.running():
        await memory.settle(limit_s=600.0)
        assert not memory.portal.sent
        assert reasons(memory) == {"upload.recognition": ("waiting.person",)}
        await memory.outbox.desk.retry(job.job_id)
        await memory.outbox.wait_quiet()
    assert len(memory.portal.sent) == 1


async def test_jobs_of_a_newer_program_are_kept_and_shown(memory: World) -> None:
    jobs = await memory.enqueue(samples.visit(), ("upload.recognition",))
    job = msgspec.structs.replace(jobs["upload.recognition"], kind="upload.future")
    await memory.store.write(lambda tx: tx.jobs.replace(job, fence=0))
    async with memory.running():
        await memory.outbox.wait_quiet()
        assert reasons(memory) == {"upload.future": ("waiting.software",)}
    assert (await memory.job(job.job_id)).state is JobState.QUEUED


async def test_a_visit_time_from_an_untrusted_clock_is_set_right_before_it_leaves(world: World) -> None:
    world.clock.trust = TimeTrust.UNTRUSTED
    reading = ClockReading(boot_id=world.clock.boot_id, monotonic_s=world.clock.monotonic())
    visit = msgspec.structs.replace(
        samples.visit(visit_at=dt.datetime(1970, 1, 1, tzinfo=dt.UTC), clock_trusted=False), started=reading
    )
    async with world.running():
        await world.enqueue(visit, ("upload.recognition",))
        await world.outbox.wait_quiet()
        assert reasons(world) == {"upload.recognition": ("waiting.time",)}
        world.clock.advance(900.0)
        world.clock.trust = TimeTrust.DATA_CENTRE
        world.outbox.wake()
        await world.outbox.wait_quiet()
    after = await world.visit("visit-1")
    assert after.visit_at == world.clock.now() - dt.timedelta(seconds=900)
    assert after.clock_trusted
    assert after.visit_at.isoformat().replace("+00:00", "Z").encode() in next(
        iter(world.portal.bodies.values())
    )


async def test_deadlines_move_with_a_visits_time_so_that_the_oldest_is_the_oldest(memory: World) -> None:
    """A visit from a clock that stood in 1970 hides nothing that waits longer once its time is known."""
    clock = memory.clock
    memory.link_up = False
    memory.portal.faults["send"] = [Fault.LINK_DOWN] * 2
    older = samples.visit("older", visit_at=clock.now() - dt.timedelta(hours=21))
    clock.trust = TimeTrust.UNTRUSTED
    reading = ClockReading(boot_id=clock.boot_id, monotonic_s=clock.monotonic())
    newer = msgspec.structs.replace(
        samples.visit("newer", visit_at=dt.datetime(1970, 1, 1, tzinfo=dt.UTC), clock_trusted=False),
        started=reading,
    )
    async with memory.running():
        await memory.enqueue(older, ("upload.visit",))
        jobs = await memory.enqueue(newer, ("upload.recognition", "upload.visit", "upload.ic"))
        clock.trust = TimeTrust.GNSS
        memory.set_link(up=True)
        await memory.outbox.wait_quiet()
        stored = [await memory.job(job.job_id) for job in jobs.values()]
        told = memory.board.snapshot()["queue"]

    assert {job.due_at for job in stored} == {clock.now().replace(microsecond=0) + dt.timedelta(days=1)}
    assert isinstance(told, QueueTopic)
    assert (told.oldest_at, told.oldest_age) == (older.visit_at, Age.RED)


async def test_Y06_Y10_a_visit_of_a_former_boot_is_set_right_by_what_that_boot_learnt(memory: World) -> None:
    """Time came by satellite, the link only after the box had been switched off and on."""
    clock = memory.clock
    clock.trust = TimeTrust.UNTRUSTED
    visit = msgspec.structs.replace(
        samples.visit(visit_at=dt.datetime(2026, 11, 3, tzinfo=dt.UTC), clock_trusted=False),
        started=ClockReading(boot_id=clock.boot_id, monotonic_s=clock.monotonic()),
    )
    async with memory.running():
        await memory.enqueue(visit, ("upload.recognition",))
    true = clock.now()
    clock.advance(900.0)
    clock.trust = TimeTrust.GNSS
    await memory.store.write(lambda tx: note_boot(tx, clock))
    clock.boot_id = "boot-2"
    clock.advance(3600.0)
    await memory.run_until_dead()

    assert (await memory.visit("visit-1")).visit_at == true


async def test_phones_hear_of_the_queue_and_of_the_visit(memory: World) -> None:
    async with memory.running():
        await memory.enqueue(samples.visit(), ("upload.visit",))
        await memory.outbox.wait_quiet()
    queue = memory.board.snapshot()["queue"]
    assert isinstance(queue, QueueTopic)
    assert (queue.depth, queue.sending, queue.attention, queue.oldest_at) == (0, 0, 0, None)
    assert queue.last_success_at == memory.clock.now()
    changes = memory.board.since(0) or ()
    flags = [change.value.flags.vpn.value for change in changes if isinstance(change.value, VisitNotice)]
    assert flags == ["waiting", "working", "done"]
    depths = [change.value.depth for change in changes if isinstance(change.value, QueueTopic)]
    assert depths[-1] == 0
    assert 1 in depths


async def test_phones_hear_of_the_revision_that_a_doubtful_commit_left(memory: World) -> None:
    """The confirmation that brings the number is on disk and told as an error."""
    assert isinstance(memory.store, MemoryStore)
    memory.insert()
    async with memory.running():
        jobs = await memory.enqueue(samples.visit(), ("card.write_visit",))
        # lease, prepare, execute, written, confirm
        memory.store.after_commit[memory.store.commits + 4] = StoreError(retry=Retry.UNKNOWN)
        await memory.outbox.wait_quiet()
        await memory.pass_time(memory.settings.look_again_s)
    told = [change.value for change in memory.board.since(0) or () if isinstance(change.value, VisitNotice)]

    assert await memory.states(jobs) == {"card.write_visit": JobState.CONFIRMED}
    assert memory.store.after_commit == {}
    assert told[-1].revision == (await memory.visit("visit-1")).revision == 2


async def test_a_worker_does_not_take_a_visit_back_to_an_older_revision(memory: World) -> None:
    memory.portal.gate = asyncio.Event()
    async with memory.running():
        await memory.enqueue(samples.visit(), ("upload.recognition", "upload.visit"))
        await memory.portal.arrived.acquire()
        newer = msgspec.structs.replace(samples.visit(), revision=2)
        await memory.store.write(lambda tx: tx.visits.put(newer))
        memory.outbox.desk.note(newer, ())
        memory.portal.gate.set()
        await memory.outbox.wait_quiet()
    notices = [change.value for change in memory.board.since(0) or () if change.topic == "visit"]
    revisions = [notice.revision for notice in notices if isinstance(notice, VisitNotice)]
    assert revisions == sorted(revisions)


async def test_the_queues_age_turns_by_itself(memory: World) -> None:
    memory.set_link(up=False)
    async with memory.running():
        await memory.enqueue(samples.visit(), ("upload.visit",))
        await memory.outbox.wait_quiet()
        memory.clock.advance(12 * 3600.0)
        await memory.outbox.wait_quiet()
        for _ in range(5):
            await asyncio.sleep(0)
    queue = memory.board.snapshot()["queue"]
    assert isinstance(queue, QueueTopic)
    assert queue.oldest_age.value == "amber"


async def test_the_last_success_survives_a_restart(memory: World) -> None:
    async with memory.running():
        await memory.enqueue(samples.visit(), ("upload.visit",))
        await memory.outbox.wait_quiet()
    at = memory.clock.now()
    memory.clock.advance(60.0)
    async with memory.running():
        assert memory.outbox.desk.summary().last_success_at == at
