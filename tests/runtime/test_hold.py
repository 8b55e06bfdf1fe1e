from __future__ import annotations

import pytest

from visitbridge.errors import ReaderBusy
from visitbridge.runtime.hold import Hold
from visitbridge.sim.clock import FakeClock


@pytest.fixture
def hold(clock: FakeClock) -> Hold:
    return Hold(clock)


def test_one_owner_at_a_time_and_the_next_is_told_who_and_how_long(hold: Hold, clock: FakeClock) -> None:
    hold.take("nurse", 30)
    clock.advance(9.2)
    with pytest.raises(ReaderBusy) as refused:
        hold.take("doctor", 30)
    assert refused.value.params == {"owner": "nurse", "remaining_s": 21}


def test_a_released_lease_makes_room(hold: Hold) -> None:
    lease = hold.take("nurse", 30)
    lease.release()
    assert lease.remaining_s == 0
    assert hold.take("doctor", 30).remaining_s == 30


def test_a_lapsed_lease_is_taken_over(hold: Hold, clock: FakeClock) -> None:
    lapsed = hold.take("nurse", 30)
    clock.advance(30)
    assert hold.is_with(lapsed)
    taken = hold.take("doctor", 30)
    assert (lapsed.remaining_s, hold.is_with(lapsed), hold.is_with(taken)) == (0, False, True)


def test_releasing_a_lapsed_lease_leaves_its_successor_alone(hold: Hold, clock: FakeClock) -> None:
    lapsed = hold.take("nurse", 30)
    clock.advance(31)
    hold.take("doctor", 30)
    lapsed.release()
    with pytest.raises(ReaderBusy):
        hold.take("third", 30)
