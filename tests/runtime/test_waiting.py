"""Waiting for something, and for whichever comes first: what else was begun for it ends with it."""

from __future__ import annotations

import asyncio

import pytest

from visitbridge.runtime.waiting import wait_at_most, wait_first
from visitbridge.sim.clock import FakeClock


class Ended:
    """A wait that nothing ends, and whether somebody cancelled it."""

    cancelled = False

    async def wait(self) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.cancelled = True


async def _let_run() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_first_ends_the_wait_and_the_others() -> None:
    clock, other = FakeClock(), Ended()
    waiting = asyncio.ensure_future(wait_first(clock.wait_until(clock.monotonic() + 5), other.wait()))
    await _let_run()
    clock.advance(4)
    await _let_run()
    before = waiting.done()
    clock.advance(1)
    await waiting
    await _let_run()

    assert (before, other.cancelled, clock.sleepers) == (False, True, 0)


async def test_who_gives_up_waiting_leaves_nothing_behind() -> None:
    clock, other = FakeClock(), Ended()
    waiting = asyncio.ensure_future(wait_first(clock.wait_until(clock.monotonic() + 5), other.wait()))
    await _let_run()
    waiting.cancel()
    await asyncio.wait({waiting})
    await _let_run()

    assert (waiting.cancelled(), other.cancelled, clock.sleepers) == (True, True, 0)


async def test_what_does_not_come_in_time_is_cancelled() -> None:
    clock, other = FakeClock(), Ended()
    waiting = asyncio.ensure_future(wait_at_most(clock, other.wait(), 5))
    await _let_run()
    clock.advance(5)

    assert await waiting is False
    await _let_run()
    assert other.cancelled


async def test_a_future_that_does_not_come_in_time_is_its_owners() -> None:
    clock = FakeClock()
    owned: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiting = asyncio.ensure_future(wait_at_most(clock, owned, 5))
    await _let_run()
    clock.advance(5)

    assert await waiting is False
    assert not owned.done()


async def test_what_the_condition_raises_is_raised() -> None:
    async def fail() -> None:
        raise LookupError("no such thing")

    with pytest.raises(LookupError):
        await wait_at_most(FakeClock(), fail(), 5)
