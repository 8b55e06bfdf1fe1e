"""Faults of the box itself: a clock that jumps loses and doubles nothing, a store that hangs ends the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from tests.patience import PATIENCE_S
from tests.services.outbox import samples
from tests.services.outbox.fakes import Fault
from tests.services.outbox.memory_store import MemoryStore
from tests.services.outbox.world import World
from visitbridge.domain.jobs import JobState
from visitbridge.errors import LaneLate
from visitbridge.ports.store import Transaction

T = TypeVar("T")
KINDS = ("card.write_visit", "upload.visit", "upload.ic")
TEN_DAYS_S = 10 * 86_400.0


class HangingStore(MemoryStore):
    """Answers like a lane whose disk hangs, once told to."""

    hangs = False

    async def write(self, work: Callable[[Transaction], T]) -> T:
        if self.hangs:
            raise LaneLate("store")
        return await super().write(work)


@pytest.mark.parametrize("jump_s", [TEN_DAYS_S, -TEN_DAYS_S])
@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.REPLY_LOST, Fault.RETRY_AFTER])
async def test_a_clock_that_jumps_loses_and_doubles_nothing(jump_s: float, fault: Fault) -> None:
    world = World(MemoryStore())
    world.portal.faults["send"] = [fault]
    async with world.running() as outbox:
        world.insert()
        jobs = await world.enqueue(samples.visit(), KINDS)
        await outbox.wait_quiet()
        world.clock.jump(jump_s)
        later = await world.enqueue(samples.visit("visit-2"), KINDS)
        await world.settle()
        world.clock.jump(-jump_s)
        await world.settle()

    states = [*(await world.states(jobs)).values(), *(await world.states(later)).values()]
    assert set(states) == {JobState.CONFIRMED}
    assert set(world.portal.effects) == {job.key for job in (*jobs.values(), *later.values())}
    assert set(world.portal.effects.values()) == {1}


async def test_a_store_that_hangs_ends_the_engine_and_so_the_process() -> None:
    store = HangingStore()
    world = World(store)
    running = asyncio.ensure_future(world.outbox.run(lambda: None))
    await world.outbox.wait_quiet()
    await world.enqueue(samples.visit(), ("upload.recognition",))
    store.hangs = True
    world.outbox.wake()
    await asyncio.wait({running}, timeout=PATIENCE_S)

    error = running.exception()
    assert isinstance(error, BaseExceptionGroup)
    assert error.subgroup(LaneLate) is not None
