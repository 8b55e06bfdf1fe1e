"""The topic ``power``: at start, when it changes, and said once in the log."""

from __future__ import annotations

import asyncio
import logging

import pytest

from visitbridge.services.live import LiveBoard
from visitbridge.services.power import EVERY_S, PowerFound, PowerWatch
from visitbridge.services.topics import PowerTopic
from visitbridge.sim.clock import FakeClock

NOTHING = PowerFound(under_voltage=None, battery_percent=None)
STEADY = PowerFound(under_voltage=False, battery_percent=80)
SAGGING = PowerFound(under_voltage=True, battery_percent=79)


class Board:
    """A probe that finds what it is told."""

    def __init__(self, found: PowerFound) -> None:
        self.found = found
        self.closed = False

    async def read(self) -> PowerFound:
        return self.found

    def close(self) -> None:
        self.closed = True


async def shown(
    found: list[PowerFound], *, off_below: int = 5, lows: list[int] | None = None
) -> list[object]:
    """What phones see after each look. ``lows``: what was told of a battery that is too low."""
    clock, board, probe = FakeClock(), LiveBoard(), Board(found[0])
    ready = asyncio.Event()
    watch = PowerWatch(probe, board, clock, off_below_percent=off_below)

    told = [] if lows is None else lows

    async def low(percent: int) -> None:
        told.append(percent)

    watch.when_low(low)
    running = asyncio.ensure_future(watch.run(ready.set))
    await ready.wait()
    seen: list[object] = [board.snapshot()["power"]]
    for probe.found in found[1:]:
        await asyncio.sleep(0)
        clock.advance(EVERY_S)
        for _ in range(5):
            await asyncio.sleep(0)
        seen.append(board.snapshot()["power"])
    running.cancel()
    await asyncio.wait({running})
    return seen


async def test_every_change_is_shown() -> None:
    assert await shown([STEADY, SAGGING, STEADY]) == [
        PowerTopic(battery_percent=80, under_voltage=False),
        PowerTopic(battery_percent=79, under_voltage=True),
        PowerTopic(battery_percent=80, under_voltage=False),
    ]


async def test_a_box_that_cannot_tell_says_so() -> None:
    assert await shown([NOTHING]) == [PowerTopic(battery_percent=None, under_voltage=None)]


async def test_a_gauge_that_does_not_tell_is_shown_as_that() -> None:
    lost = PowerFound(under_voltage=False, battery_percent=None, battery_silent=True)
    assert await shown([STEADY, lost]) == [
        PowerTopic(battery_percent=80, under_voltage=False),
        PowerTopic(battery_percent=None, under_voltage=False, battery_silent=True),
    ]


async def test_under_voltage_is_logged_when_it_begins(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await shown([STEADY, SAGGING, SAGGING, STEADY, SAGGING])

    assert [record.getMessage() for record in caplog.records] == [
        "under-voltage: the supply does not hold"
    ] * 2


def battery(percent: int, discharging: bool | None = True) -> PowerFound:
    return PowerFound(under_voltage=False, battery_percent=percent, discharging=discharging)


@pytest.mark.parametrize(
    ("found", "off_below", "lows"),
    [
        ([battery(6), battery(6)], 5, []),
        ([battery(5)], 5, []),
        ([battery(5), battery(4)], 5, [4]),
        ([battery(5), battery(4), battery(3), battery(2)], 5, [4]),
        ([battery(5), battery(40), battery(5), battery(40)], 5, []),
        ([battery(5), battery(4), battery(9), battery(5), battery(5)], 5, [4, 5]),
        ([battery(3, False), battery(3, False)], 5, []),
        ([battery(3, None), battery(3, None)], 5, []),
        ([battery(0), battery(0)], 0, []),
        ([NOTHING, NOTHING], 5, []),
    ],
    ids=str,
)
async def test_a_battery_that_runs_out_is_told_of_once(
    found: list[PowerFound], off_below: int, lows: list[int]
) -> None:
    told: list[int] = []
    await shown(found, off_below=off_below, lows=told)
    assert told == lows


async def test_phones_are_told_that_the_box_goes_off() -> None:
    board, probe = LiveBoard(), Board(STEADY)
    watch, ready = PowerWatch(probe, board, FakeClock(), off_below_percent=5), asyncio.Event()
    running = asyncio.ensure_future(watch.run(ready.set))
    await ready.wait()
    watch.going()
    running.cancel()
    await asyncio.wait({running})

    assert probe.closed
    assert board.snapshot()["power"] == PowerTopic(
        battery_percent=80, under_voltage=False, switching_off=True
    )
