"""What people see of the outbox, and what they can do to an item."""

from __future__ import annotations

import asyncio
import datetime as dt

import msgspec
import pytest

from tests.services.outbox import samples
from tests.services.outbox.fakes import Fault
from tests.services.outbox.memory_store import MemoryStore
from tests.services.outbox.world import World
from visitbridge.domain.jobs import Job, JobState
from visitbridge.errors import JobNotMovable, NotFound, Retry, StoreError
from visitbridge.services.outbox.engine import Outbox


@pytest.fixture
def world() -> World:
    return World(MemoryStore())


async def one(world: World, kind: str = "upload.recognition") -> Job:
    return (await world.enqueue(samples.visit(), (kind,)))[kind]


async def test_hold_keeps_it_back_until_released(world: World) -> None:
    world.set_link(up=False)
    async with world.running():
        job = await one(world)
        held = await world.outbox.desk.hold(job.job_id, who="D-9", phone_id="phone-1")
        world.set_link(up=True)
        await world.outbox.wait_quiet()
        assert not world.portal.sent
        assert held.state is JobState.HELD
        assert [reason.code for reason in held.waiting_for] == ["waiting.release"]
        await world.outbox.desk.release(job.job_id, who="D-9", phone_id="phone-1")
        await world.outbox.wait_quiet()
    assert len(world.portal.sent) == 1
    assert isinstance(world.store, MemoryStore)
    acts = [(entry.act, entry.who, entry.phone_id) for entry in world.store.rows.audit]
    assert acts == [
        ("outbox.hold", "D-9", "phone-1"),
        ("outbox.release", "D-9", "phone-1"),
        ("outbox.confirm.upload.recognition", "box", ""),
    ]


async def test_a_held_job_lets_the_others_of_its_visit_go(world: World) -> None:
    world.set_link(up=False)
    async with world.running():
        jobs = await world.enqueue(samples.visit(), ("upload.recognition", "upload.visit"))
        await world.outbox.desk.hold(jobs["upload.recognition"].job_id)
        world.set_link(up=True)
        await world.outbox.wait_quiet()
    assert [kind for kind, _ in world.portal.sent] == ["visit"]


async def test_what_is_under_way_cannot_be_held(world: World) -> None:
    world.portal.gate = asyncio.Event()
    async with world.running():
        job = await one(world)
        await world.portal.arrived.acquire()
        for act in (world.outbox.desk.hold, world.outbox.desk.retry, world.outbox.desk.release):
            with pytest.raises(JobNotMovable):
                await act(job.job_id)
        world.portal.gate.set()
        await world.outbox.wait_quiet()
    assert (await world.job(job.job_id)).state is JobState.CONFIRMED


async def test_what_may_have_had_an_effect_cannot_be_held(world: World) -> None:
    world.portal.faults.update({"send": [Fault.REPLY_LOST], "receipt": [Fault.LINK_DOWN] * 9})
    async with world.running():
        job = await one(world)
        await world.outbox.wait_quiet()
        with pytest.raises(JobNotMovable):
            await world.outbox.desk.hold(job.job_id)
    assert (await world.job(job.job_id)).state is JobState.UNKNOWN


@pytest.mark.parametrize(("act", "state"), [("hold", JobState.HELD), ("release", JobState.CONFIRMED)])
async def test_an_act_that_was_told_as_doubtful_is_seen_as_it_was_stored(
    world: World, act: str, state: JobState
) -> None:
    assert isinstance(world.store, MemoryStore)
    world.set_link(up=False)
    async with world.running() as outbox:
        job = await one(world)
        await outbox.wait_quiet()
        for before in {"hold": [], "release": ["hold"]}[act]:
            await getattr(outbox.desk, before)(job.job_id)
        world.store.after_commit[world.store.commits] = StoreError(retry=Retry.UNKNOWN)
        with pytest.raises(StoreError):
            await getattr(outbox.desk, act)(job.job_id)
        world.set_link(up=True)
        await outbox.wait_quiet()

    assert (await world.job(job.job_id)).state is state


async def test_retry_ends_a_back_off(world: World) -> None:
    world.portal.faults["send"] = [Fault.BUSY]
    async with world.running():
        job = await one(world)
        await world.outbox.wait_quiet()
        waiting = world.outbox.desk.items()[0]
        assert [reason.code for reason in waiting.waiting_for] == ["waiting.until"]
        await world.outbox.desk.retry(job.job_id)
        await world.outbox.wait_quiet()
    assert len(world.portal.sent) == 1


async def test_retry_of_what_was_sent_back_uses_a_new_key_after_asking_for_the_old(world: World) -> None:
    world.portal.faults["send"] = [Fault.REFUSED]
    async with world.running():
        job = await one(world)
        await world.outbox.wait_quiet()
        await world.outbox.desk.retry(job.job_id)
        await world.outbox.wait_quiet()
    after = await world.job(job.job_id)
    assert (after.state, after.revision, after.former_key) == (JobState.CONFIRMED, 2, job.key)
    assert world.portal.asked == [job.key]
    assert list(world.portal.effects) == [after.key]
    assert isinstance(world.store, MemoryStore)
    assert [row.state for row in world.store.rows.jobs[job.job_id]] == [JobState.REJECTED, JobState.CONFIRMED]


async def test_a_version_that_was_taken_after_all_is_not_sent_again(world: World) -> None:
    world.portal.faults["send"] = [Fault.REFUSED]
    async with world.running():
        job = await one(world)
        await world.outbox.wait_quiet()
        world.portal.accept(job.key, "recognition", "digest of the old version")
        await world.outbox.desk.retry(job.job_id)
        await world.outbox.wait_quiet()
        item = world.outbox.desk.items()[0]
    assert item.state is JobState.REJECTED
    assert item.error is not None
    assert item.error.code == "GW-DC-04"
    assert not world.portal.sent


async def test_a_version_corrected_again_before_it_went_out_asks_for_the_one_that_did(world: World) -> None:
    """The link was lost between asking for the old version and sending the new one."""
    world.portal.faults.update({"send": [Fault.REFUSED], "receipt": [Fault.LINK_DOWN]})
    async with world.running() as outbox:
        job = await one(world)
        await outbox.wait_quiet()
        sent = await world.job(job.job_id)
        await outbox.desk.retry(job.job_id)
        await outbox.wait_quiet()
        unsent = await world.job(job.job_id)
        world.portal.accept(sent.key, "recognition", sent.digest)
        kind = world.kinds()[job.kind]
        again = kind.revise(unsent, samples.visit(), world.clock.now())
        await world.store.write(lambda tx: tx.jobs.replace(again, fence=unsent.fence))
        await outbox.desk.reload("visit-1")
        await world.settle(limit_s=600.0)
        stopped = await world.job(job.job_id)

    assert unsent.key not in {sent.key, again.key}
    assert world.portal.asked == [sent.key, sent.key]
    assert (stopped.state, stopped.error_code) == (JobState.REJECTED, "GW-DC-04")
    assert world.portal.effects == {sent.key: 1}


async def test_a_person_may_send_a_version_beside_the_one_that_was_taken(world: World) -> None:
    async with world.running() as outbox:
        sent = await corrected_after_it_was_taken(world, outbox)
        await outbox.desk.retry(sent.job_id)
        await outbox.wait_quiet()

    settled = await world.job(sent.job_id)
    assert settled.state is JobState.CONFIRMED
    assert world.portal.effects == {sent.key: 1, settled.key: 1}


async def test_a_corrected_version_asks_first_even_when_it_follows_another_upload(world: World) -> None:
    world.settings = msgspec.structs.replace(world.settings, concurrency=1)
    world.portal.faults["send"] = [Fault.REFUSED]
    async with world.running():
        job = await one(world)
        await world.outbox.wait_quiet()
        world.set_link(up=False)
        await world.outbox.desk.retry(job.job_id)
        earlier = samples.VISIT_AT - dt.timedelta(hours=1)
        await world.enqueue(samples.visit("first", visit_at=earlier), ("upload.recognition",))
        world.set_link(up=True)
        await world.outbox.wait_quiet()
    assert len(world.portal.sent) == 2
    assert world.portal.asked == [job.key]


async def test_send_now_ends_every_back_off(world: World) -> None:
    world.portal.faults["send"] = [Fault.BUSY, Fault.BUSY, Fault.BUSY]
    async with world.running():
        for number in range(3):
            await world.enqueue(samples.visit(f"visit-{number}"), ("upload.recognition",))
        await world.outbox.wait_quiet()
        assert not world.portal.sent
        world.outbox.desk.send_now()
        await world.outbox.wait_quiet()
    assert len(world.portal.sent) == 3


async def test_settled_and_unknown_items_cannot_be_acted_on(world: World) -> None:
    async with world.running():
        job = await one(world)
        await world.outbox.wait_quiet()
        for job_id in (job.job_id, "no-such-job"):
            with pytest.raises(NotFound):
                await world.outbox.desk.retry(job_id)
        settled = await world.job(job.job_id)
        view = world.outbox.desk.view(settled, samples.visit())
    assert (view.state, view.waiting_for, view.error) == (JobState.CONFIRMED, (), None)


async def test_a_doubtful_item_says_when_it_is_asked_about(world: World) -> None:
    world.portal.faults.update({"send": [Fault.REPLY_LOST], "receipt": [Fault.LINK_DOWN] * 3})
    async with world.running():
        await one(world)
        await world.outbox.wait_quiet()
        item = world.outbox.desk.items()[0]
    assert item.state is JobState.UNKNOWN
    assert [reason.code for reason in item.waiting_for] == ["waiting.ask"]
    assert not item.needs_person


@pytest.mark.parametrize(
    ("fault", "in_doubt"), [(Fault.FORGED, True), (Fault.OTHER_DIGEST, True), (Fault.OTHER_KEY, True)]
)
async def test_a_false_receipt_never_confirms(world: World, fault: Fault, *, in_doubt: bool) -> None:
    world.portal.faults.update({"send": [fault], "receipt": [fault] * 100})
    async with world.running():
        job = await one(world)
        await world.settle(limit_s=1200.0)
    after = await world.job(job.job_id)
    assert (after.state is JobState.UNKNOWN) is in_doubt
    assert after.error_code == "GW-DC-10"
    assert isinstance(world.store, MemoryStore)
    assert not world.store.rows.receipts


async def test_names_in_views_are_masked(world: World) -> None:
    world.set_link(up=False)
    async with world.running():
        await one(world)
        text = msgspec.json.encode(world.outbox.desk.items()).decode()
    assert "王○試" in text
    assert "王測試" not in text
    assert samples.CARD_NO not in text


async def corrected_after_it_was_taken(world: World, outbox: Outbox) -> Job:
    """Sent back as it seems, corrected, and found to have been taken after all."""
    world.portal.faults["send"] = [Fault.REFUSED]
    job = await one(world, "upload.visit")
    await outbox.wait_quiet()
    sent = await world.job(job.job_id)
    world.portal.accept(sent.key, "visit", sent.digest, {"prescription_code": "K7M2Q9XW"})
    await outbox.desk.retry(job.job_id)
    await outbox.wait_quiet()
    return sent


async def test_the_version_that_was_taken_before_can_be_left_to_stand(world: World) -> None:
    async with world.running() as outbox:
        sent = await corrected_after_it_was_taken(world, outbox)
        conflict = await world.job(sent.job_id)
        await outbox.desk.accept_former(sent.job_id, phone_id="phone-1")
        await outbox.wait_quiet()

    assert (conflict.state, conflict.error_code) == (JobState.REJECTED, "GW-DC-04")
    settled = await world.job(sent.job_id)
    assert (settled.state, settled.key, settled.digest) == (JobState.CONFIRMED, sent.key, sent.digest)
    assert world.portal.effects == {sent.key: 1}
    receipt = await world.store.read(lambda tx: tx.receipts.get(sent.key))
    assert receipt == world.portal.receipts[sent.key]


async def test_only_a_conflict_has_a_former_version_to_accept(world: World) -> None:
    world.portal.faults["send"] = [Fault.REFUSED]
    async with world.running() as outbox:
        job = await one(world, "upload.visit")
        await outbox.wait_quiet()
        with pytest.raises(JobNotMovable):
            await outbox.desk.accept_former(job.job_id)
