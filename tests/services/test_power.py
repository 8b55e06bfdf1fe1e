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

    def read(self) -> PowerFound:
        return self.found


async def shown(found: list[PowerFound]) -> list[object]:
    """What phones see after each look."""
    clock, board, probe = FakeClock(), LiveBoard(), Board(found[0])
    ready = asyncio.Event()
    running = asyncio.ensure_future(PowerWatch(probe, board, clock).run(ready.set))
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


async def test_under_voltage_is_logged_when_it_begins(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await shown([STEADY, SAGGING, SAGGING, STEADY, SAGGING])

    assert [record.getMessage() for record in caplog.records] == [
        "under-voltage: the supply does not hold"
    ] * 2
