"""After the other side went back to an older backup, it gets again exactly what it lacks."""

from __future__ import annotations

import pytest

from tests.services.outbox import samples
from tests.services.outbox.fakes import Fault
from tests.services.outbox.memory_store import MemoryStore
from tests.services.outbox.world import World
from visitbridge.domain.jobs import JobState

KINDS = ("card.write_visit", "upload.visit", "upload.ic")


@pytest.fixture
def world() -> World:
    return World(MemoryStore())


async def test_what_the_new_epoch_lacks_is_sent_again_under_the_same_keys(world: World) -> None:
    async with world.running():
        old = await world.enqueue(samples.visit("old"), ("upload.recognition",))
        await world.outbox.wait_quiet()
        backup = dict(world.portal.receipts)
        lost = await world.enqueue(samples.visit("lost"), ("upload.recognition", "upload.visit"))
        await world.outbox.wait_quiet()
        bodies = dict(world.portal.bodies)
        world.portal.sent.clear()
        world.portal.restore(backup)
        world.outbox.wake()
        await world.outbox.wait_quiet()
    keys = {job.key for job in lost.values()}
    assert {key for _, key in world.portal.sent} == keys
    assert set(world.portal.receipts) == keys | {job.key for job in old.values()}
    assert world.portal.bodies == bodies
    assert set((await world.states(lost)).values()) == {JobState.CONFIRMED}
    assert isinstance(world.store, MemoryStore)
    acts = [entry.act for entry in world.store.rows.audit if entry.why == "epoch"]
    assert acts == ["outbox.resend.upload.recognition", "outbox.resend.upload.visit"]


async def test_a_lost_card_receipt_is_fetched_with_the_card_and_writes_nothing(world: World) -> None:
    async with world.running():
        world.insert()
        jobs = await world.enqueue(samples.visit(), KINDS)
        await world.outbox.wait_quiet()
        world.pull()
        world.portal.restore({})
        world.outbox.wake()
        await world.outbox.wait_quiet()
        waiting = {item.kind: item for item in world.outbox.desk.items()}
        assert list(waiting) == ["card.write_visit"]
        assert waiting["card.write_visit"].state is JobState.WRITTEN
        assert [reason.code for reason in waiting["card.write_visit"].waiting_for] == ["waiting.card"]
        world.insert()
        await world.outbox.wait_quiet()
    assert set((await world.states(jobs)).values()) == {JobState.CONFIRMED}
    assert (list(world.card.begun.values()), list(world.card.closed.values())) == ([1], [1])
    assert set(world.portal.receipts) == {job.key for job in jobs.values()}


async def test_a_question_that_failed_is_asked_again_even_after_a_restart(world: World) -> None:
    async with world.running():
        await world.enqueue(samples.visit(), ("upload.recognition",))
        await world.outbox.wait_quiet()
        world.portal.faults["missing"] = [Fault.LINK_DOWN]
        world.portal.restore({})
        world.outbox.wake()
        await world.outbox.wait_quiet()
        assert not world.portal.receipts
    async with world.running():
        await world.settle(limit_s=60.0)
    assert len(world.portal.receipts) == 1


async def test_a_comparison_cut_short_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visitbridge.services.outbox.epoch._BATCH", 1)
    async with world.running():
        for number in range(3):
            await world.enqueue(samples.visit(f"visit-{number}"), ("upload.recognition",))
        await world.outbox.wait_quiet()
        world.portal.faults["missing"] = [Fault.NONE, Fault.LINK_DOWN]
        world.portal.restore({})
        world.outbox.wake()
        await world.outbox.wait_quiet()
        assert len(world.portal.receipts) == 1
        await world.pass_time(10.0)
    assert len(world.portal.receipts) == 3


async def test_nothing_is_asked_while_the_epoch_stays(world: World) -> None:
    world.portal.faults["missing"] = [Fault.LINK_DOWN] * 5
    async with world.running():
        for number in range(3):
            await world.enqueue(samples.visit(f"visit-{number}"), ("upload.recognition",))
        await world.outbox.wait_quiet()
        await world.pass_time(60.0)
    assert len(world.portal.faults["missing"]) == 5
