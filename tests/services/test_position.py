"""The last fix, how old it is, and honestly none (T05)."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.services.modem.bench import open_modem_bench
from visitbridge.domain.modem import ModemState
from visitbridge.domain.position import Fix
from visitbridge.domain.visit import Position
from visitbridge.ports.store import Store
from visitbridge.services.modem.chores import Chore
from visitbridge.services.position import LastFix, PositionPolicy
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.modem import ModemSetup

AT = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)
FIX = Fix(latitude_deg=25.03309, longitude_deg=121.5652, at=AT, accuracy_m=6.0)
POLICY = PositionPolicy()


def test_without_a_fix_there_is_no_position(clock: FakeClock) -> None:
    assert LastFix(clock, policy=POLICY).for_visit() is None


def test_a_fix_is_kept_with_its_age_and_accuracy(clock: FakeClock) -> None:
    last = LastFix(clock, policy=POLICY)
    last.offer(FIX)
    clock.advance(90)

    assert last.for_visit() == Position(
        latitude=25.03309, longitude=121.5652, fixed_at=AT, accuracy_m=6.0, age_s=90.0
    )


def test_a_fix_from_another_home_is_none(clock: FakeClock) -> None:
    last = LastFix(clock, policy=POLICY)
    last.offer(FIX)
    clock.advance(POLICY.too_old_s + 1)

    assert last.for_visit() is None


def test_a_repeated_fix_does_not_become_younger(clock: FakeClock) -> None:
    last = LastFix(clock, policy=POLICY)
    told: list[Fix] = []
    last.when_fixed(told.append)
    last.offer(FIX)
    clock.advance(60)
    last.offer(FIX)

    position = last.for_visit()

    assert position is not None
    assert (position.age_s, told) == (60.0, [FIX])


@pytest.mark.parametrize(
    ("after_s", "accuracy_m", "latitude"),
    [(60, 6.0, 25.03309), (POLICY.telling_s + 1, None, 24.5)],
    ids=["both receivers tell", "only this one is left"],
)
def test_a_fix_without_accuracy_does_not_hide_one_with_it(
    clock: FakeClock, after_s: float, accuracy_m: float | None, latitude: float
) -> None:
    """SIMCom's command tells none, its NMEA port does."""
    last = LastFix(clock, policy=POLICY)
    told: list[Fix] = []
    last.when_fixed(told.append)
    last.offer(FIX)
    clock.advance(after_s)
    later = Fix(latitude_deg=24.5, longitude_deg=121.0, at=AT + dt.timedelta(seconds=after_s))
    last.offer(later)

    position = last.for_visit()

    assert position is not None
    assert (position.accuracy_m, position.latitude) == (accuracy_m, latitude)
    # Its time is as good as any.
    assert told == [FIX, later]


@pytest.mark.parametrize("family", ["sim7600", "ec25"])
@pytest.mark.parametrize("place", [(25.03309, 121.5652), None])
async def test_from_the_modem_over_a_real_terminal(
    tmp_path: Path, store: Store, clock: FakeClock, family: str, place: tuple[float, float] | None
) -> None:
    last = LastFix(clock, policy=POLICY)
    setup = ModemSetup(family=family, network_time=AT, position=place)
    async with open_modem_bench(tmp_path, store, setup) as bench:
        bench.watch.add_chore(Chore(every_s=0.02, run=last.ask))
        await bench.until(ModemState.DATA_UP)
        wanted = "AT+CGPSINFO" if family == "sim7600" else "AT+QGPSLOC=2"
        async with asyncio.timeout(PATIENCE_S):
            while bench.commands.count(wanted) < 2:  # noqa: ASYNC110 - the modem is a process's other thread
                await asyncio.sleep(0.01)

    position = last.for_visit()
    assert (position is not None) is (place is not None)
    assert position is None or round(position.latitude, 4) == 25.0331


def test_a_position_does_not_show_in_a_log() -> None:
    assert "25." not in repr(FIX)
