"""The way of a visit's jobs through the outbox when nothing, or one thing, goes wrong."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.outbox import samples
from tests.services.outbox.fakes import Fault
from tests.services.outbox.world import World
from visitbridge.domain.jobs import JobState

WHOLE_VISIT = ("card.write_visit", "card.write_prescription", "upload.visit", "upload.ic")


@pytest.fixture
def world() -> World:
    return World()


async def test_a_whole_visit_ends_with_four_receipts(world: World) -> None:
    async with world.running():
        world.insert()
        jobs = await world.enqueue(samples.visit(), WHOLE_VISIT)
        await world.outbox.wait_quiet()
    assert set((await world.states(jobs)).values()) == {JobState.CONFIRMED}
    assert [kind for kind, _ in world.portal.sent] == ["visit", "ic_record"]
    assert dict.fromkeys((job.key for job in jobs.values()), 1) == dict(world.portal.effects)
    visit = await world.visit("visit-1")
    assert visit.sequence is not None
    assert (visit.sequence.number, visit.sequence.source) == ("0007", "card")


async def test_link_down_waits_and_goes_on_by_itself(world: World) -> None:
    world.set_link(up=False)
    async with world.running():
        world.insert()
        jobs = await world.enqueue(samples.visit(), WHOLE_VISIT)
        await world.outbox.wait_quiet()
        assert not world.relay.sessions
        world.set_link(up=True)
        await world.outbox.wait_quiet()
    assert set((await world.states(jobs)).values()) == {JobState.CONFIRMED}


async def test_concurrency_is_bounded(world: World) -> None:
    world.portal.gate = asyncio.Event()
    async with world.running():
        for number in range(10):
            await world.enqueue(samples.visit(f"visit-{number}"), ("upload.recognition",))
        for _ in range(4):
            await world.portal.arrived.acquire()
        world.portal.gate.set()
        await world.outbox.wait_quiet()
    assert world.portal.most_under_way == 4
    assert len(world.portal.sent) == 10
    assert world.relay.most_under_way == 0


@pytest.mark.parametrize("fault", [Fault.REPLY_LOST, Fault.GARBLED, Fault.REQUEST_LOST, Fault.LINK_DOWN])
async def test_an_upload_in_doubt_is_asked_about_and_has_one_effect(world: World, fault: Fault) -> None:
    world.portal.faults["send"] = [fault]
    async with world.running():
        jobs = await world.enqueue(samples.visit(sequence=None), ("upload.recognition",))
        await world.settle()
    assert await world.states(jobs) == {"upload.recognition": JobState.CONFIRMED}
    assert list(world.portal.effects.values()) == [1]
