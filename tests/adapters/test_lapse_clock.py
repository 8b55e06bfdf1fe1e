"""A clock that is moved ahead: limits end as they would after waiting (ux §3.9)."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from tests.patience import PATIENCE_S
from visitbridge.adapters.lapse_clock import LapseClock
from visitbridge.ports.clock import TimeTrust

FLOOR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 11, 22, 4, 0, tzinfo=dt.UTC)
NEAR = dt.timedelta(seconds=5)


@pytest.fixture
def clock() -> LapseClock:
    return LapseClock(floor=FLOOR)


def test_wall_and_monotonic_time_go_together(clock: LapseClock) -> None:
    now, monotonic_s = clock.now(), clock.monotonic()

    clock.advance(8 * 3600)

    assert abs(clock.now() - now - dt.timedelta(hours=8)) < NEAR
    assert clock.monotonic() - monotonic_s == pytest.approx(8 * 3600, abs=5)
    assert clock.ahead_s == 8 * 3600


def test_time_never_goes_back(clock: LapseClock) -> None:
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)


@pytest.mark.parametrize("before_s", [0, 3600])
def test_a_correction_holds_and_time_goes_on_from_it(clock: LapseClock, before_s: float) -> None:
    clock.advance(before_s)
    clock.correct(NOON, TimeTrust.DATA_CENTRE)
    corrected = clock.now()
    clock.advance(3600)

    assert abs(corrected - NOON) < NEAR
    assert abs(clock.now() - NOON - dt.timedelta(hours=1)) < NEAR


def test_a_clock_that_stood_still_goes_on_from_the_last_trusted_moment(clock: LapseClock) -> None:
    later = clock.now() + dt.timedelta(days=3)
    clock.advance(3600)
    clock.go_on_from(later)

    assert abs(clock.now() - later) < NEAR


async def test_who_waits_is_woken_when_enough_time_has_passed(clock: LapseClock) -> None:
    waiting = asyncio.create_task(clock.wait_until(clock.monotonic() + 3600))
    await asyncio.sleep(0)
    clock.advance(1800)
    await asyncio.sleep(0.01)
    woken_early = waiting.done()
    clock.advance(1801)
    await asyncio.wait_for(waiting, PATIENCE_S)

    assert not woken_early
