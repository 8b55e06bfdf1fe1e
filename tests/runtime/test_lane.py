"""A lane runs blocking calls in one thread, one after another, each with a deadline."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from tests.patience import PATIENCE_S
from visitbridge.errors import LaneLate
from visitbridge.runtime.lane import Lane, LaneClosed, overdue_lanes


@pytest.fixture
async def lane() -> AsyncIterator[Lane]:
    opened = Lane("test")
    yield opened
    await opened.close()


async def test_calls_share_one_thread_that_is_not_the_loops(lane: Lane) -> None:
    threads = {await lane.call(threading.get_ident, deadline_s=1) for _ in range(3)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_calls_run_in_the_order_they_were_asked_for(lane: Lane) -> None:
    seen: list[int] = []
    await asyncio.gather(*(lane.call(seen.append, number, deadline_s=1) for number in range(50)))
    assert seen == list(range(50))


async def test_an_error_reaches_the_caller_and_leaves_the_lane_working(lane: Lane) -> None:
    with pytest.raises(ZeroDivisionError):
        await lane.call(lambda: 1 // 0, deadline_s=1)
    assert await lane.call(lambda: 7, deadline_s=1) == 7


async def test_a_call_past_its_deadline_marks_the_lane_late(lane: Lane) -> None:
    release = threading.Event()
    with pytest.raises(LaneLate):
        await lane.call(release.wait, deadline_s=0.01)
    assert lane.statistics().is_late
    release.set()


async def test_a_hung_call_is_overdue_until_it_ends_even_when_its_lane_was_given_up() -> None:
    lane = Lane("given-up")
    release, running = threading.Event(), threading.Event()

    def hang() -> None:
        running.set()
        release.wait()

    with pytest.raises(LaneLate):
        await lane.call(hang, deadline_s=0.01)
    await asyncio.to_thread(running.wait)
    closed = await lane.close(grace_s=0.01)
    while_hung = overdue_lanes()
    release.set()
    await lane.close()

    assert not closed
    assert while_hung == ["given-up"]
    assert overdue_lanes() == []


async def test_a_call_inside_its_deadline_is_not_overdue(lane: Lane) -> None:
    release = threading.Event()
    pending = lane.start(release.wait, deadline_s=60)
    overdue = overdue_lanes()
    release.set()
    await pending

    assert overdue == []


async def test_waiting_behind_another_call_counts_towards_the_deadline(lane: Lane) -> None:
    release = threading.Event()
    first = asyncio.ensure_future(lane.call(release.wait, deadline_s=5))
    await asyncio.sleep(0)
    with pytest.raises(LaneLate):
        await lane.call(lambda: None, deadline_s=0.01)
    release.set()
    assert await first


async def test_a_closed_lane_takes_no_calls_and_finishes_those_it_has() -> None:
    lane = Lane("closing")
    pending = asyncio.ensure_future(lane.call(lambda: "done", deadline_s=1))
    await asyncio.sleep(0)
    assert await lane.close()
    assert await pending == "done"
    with pytest.raises(LaneClosed):
        await lane.call(lambda: None, deadline_s=1)


async def test_post_brings_a_callback_to_the_loop(lane: Lane) -> None:
    arrived = asyncio.Event()
    await lane.call(lane.post, arrived.set, deadline_s=1)
    await asyncio.wait_for(arrived.wait(), PATIENCE_S)


async def test_close_says_when_the_thread_would_not_end() -> None:
    lane = Lane("stuck")
    release = threading.Event()
    with pytest.raises(LaneLate):
        await lane.call(release.wait, deadline_s=0.01)
    assert not await lane.close(grace_s=0.01)
    release.set()
    assert await lane.close()
