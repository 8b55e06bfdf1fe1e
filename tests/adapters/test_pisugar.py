"""Battery of a PiSugar board, over real TCP: the bytes that its server sends, and everything else it may do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from tests.patience import PATIENCE_S
from visitbridge.adapters.pisugar import PiSugarPower
from visitbridge.services.live import LiveBoard
from visitbridge.services.power import EVERY_S, PowerFound, PowerWatch
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.pisugar import CHARGE, CHARGING, PLUGGED, PiSugarDouble, open_pisugar

UNKNOWN = PowerFound(under_voltage=True, battery_percent=None, battery_silent=True)


class Kernel:
    """What the kernel tells beside: never the battery of a PiSugar, and what it says of one is not asked for."""

    def __init__(self) -> None:
        self.closed = False

    async def read(self) -> PowerFound:
        return PowerFound(under_voltage=True, battery_percent=1, discharging=True)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
async def server() -> AsyncIterator[PiSugarDouble]:
    async with open_pisugar() as double:
        yield double


def probe_of(server: PiSugarDouble, *, answer_within_s: float = PATIENCE_S) -> PiSugarPower:
    return PiSugarPower(Kernel(), port=server.port, answer_within_s=answer_within_s)


async def test_the_charge_and_whether_it_runs_down_come_from_the_server(server: PiSugarDouble) -> None:
    probe = probe_of(server)
    found = await probe.read()
    probe.close()

    assert found == PowerFound(under_voltage=True, battery_percent=87, discharging=True)
    assert server.asked == ["get battery", "get battery_power_plugged", "get battery_charging"]


@pytest.mark.parametrize(
    ("line", "percent"),
    [
        (b"battery: 87.5\n", 87),
        (b"battery: 87.5\r\n", 87),
        (b"battery: 100\n", 100),
        (b"battery: 4.9999\n", 4),
        (b"battery: 0.4\n", 0),
        (b"single\nlong\nbattery: 63.15938281249997\n", 63),
    ],
)
async def test_a_charge_is_rounded_down(server: PiSugarDouble, line: bytes, percent: int) -> None:
    server.answers[CHARGE] = line
    probe = probe_of(server)
    found = await probe.read()
    probe.close()

    assert found.battery_percent == percent


@pytest.mark.parametrize(
    "line",
    [
        b"battery: 0\n",
        b"battery: 0.0\n",
        b"battery: -1\n",
        b"battery: 100.5\n",
        b"battery: 255\n",
        b"battery: NaN\n",
        b"battery: inf\n",
        b"battery: 1e1\n",
        b"battery: \n",
        b"battery: I2C not connected\n",
        b"battery:4\n",
        b"battery_v: 4\n",
        b"Invalid request.\n",
        b"\n",
        b"4\n",
        b"\xff\xfe\x00\n",
        "battery: \u0664\n".encode(),
        b"4" * 100_000,
    ],
    ids=lambda line: repr(line[:20]),
)
async def test_what_is_no_charge_is_a_battery_that_nobody_knows(server: PiSugarDouble, line: bytes) -> None:
    server.answers[CHARGE] = line

    assert await probe_of(server).read() == UNKNOWN


@pytest.mark.parametrize(
    ("plugged", "charging", "discharging"),
    [
        (b"battery_power_plugged: false\n", b"battery_charging: false\n", True),
        (b"battery_power_plugged: true\n", b"battery_charging: false\n", False),
        (b"battery_power_plugged: false\n", b"battery_charging: true\n", False),
        (b"battery_power_plugged: true\n", b"battery_charging: true\n", False),
        (b"battery_power_plugged: I2C not connected\n", b"battery_charging: false\n", None),
        (b"battery_power_plugged: false\n", b"battery_charging: \n", None),
        (b"Invalid request.\n", b"battery_charging: false\n", None),
        (b"error: unrecognized subcommand\nbattery: 1\n", b"battery_charging: false\n", None),
    ],
)
async def test_a_board_runs_down_when_it_says_so_twice(
    server: PiSugarDouble, plugged: bytes, charging: bytes, discharging: bool | None
) -> None:
    server.answers |= {PLUGGED: plugged, CHARGING: charging}
    probe = probe_of(server)
    looks = [await probe.read(), await probe.read()]
    probe.close()

    told = PowerFound(under_voltage=True, battery_percent=87, discharging=discharging)
    assert looks == [told, told]


@pytest.mark.parametrize(
    "answers",
    [{CHARGE: b""}, {CHARGE: b"battery: 8"}, {PLUGGED: b""}, {CHARGING: b"battery_charging: fal"}],
    ids=str,
)
async def test_silence_is_a_battery_that_nobody_knows(
    server: PiSugarDouble, answers: Mapping[str, bytes]
) -> None:
    server.answers |= answers

    assert await probe_of(server, answer_within_s=0.05).read() == UNKNOWN


async def test_a_server_that_is_not_there_is_a_battery_that_nobody_knows() -> None:
    async with open_pisugar() as double:
        probe = probe_of(double)

    assert await probe.read() == UNKNOWN


async def test_a_server_that_was_started_anew_is_asked_again_at_once(server: PiSugarDouble) -> None:
    probe = probe_of(server)
    await probe.read()
    server.hang_up()
    found = await probe.read()
    probe.close()

    assert (found.battery_percent, server.connections) == (87, 2)


async def test_the_log_says_once_that_the_server_stopped_telling(
    server: PiSugarDouble, caplog: pytest.LogCaptureFixture
) -> None:
    probe = probe_of(server)
    with caplog.at_level(logging.INFO):
        for line in (b"battery: 41\n", b"Invalid request.\n", b"battery: 0\n", b"battery: 40\n"):
            server.answers[CHARGE] = line
            await probe.read()
    probe.close()

    assert [record.getMessage() for record in caplog.records] == [
        "pisugar-server does not tell the battery: _NotTold",
        "pisugar-server tells the battery again",
    ]


async def test_one_connection_serves_every_look_and_is_let_go_at_the_end(server: PiSugarDouble) -> None:
    kernel = Kernel()
    probe = PiSugarPower(kernel, port=server.port, answer_within_s=PATIENCE_S)
    for _ in range(3):
        await probe.read()
    assert server.connections == 1

    probe.close()
    async with asyncio.timeout(PATIENCE_S):
        await server.all_gone()
    assert kernel.closed


class WatchedClock(FakeClock):
    """``waits``: one for each look that is over."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: asyncio.Queue[float] = asyncio.Queue()

    async def wait_until(self, monotonic_s: float) -> None:
        self.waits.put_nowait(monotonic_s)
        await super().wait_until(monotonic_s)


@pytest.mark.parametrize(
    ("lines", "lows"),
    [
        ([b"battery: 5.4\n", b"battery: 4.9\n", b"battery: 4.5\n"], [4]),
        ([b"battery: 5.4\n", b"Invalid request.\n", b"battery: 4.5\n"], []),
        ([b"battery: 0\n", b"battery: 0\n", b"battery: 0\n"], []),
        ([b"Invalid request.\n", b"battery: NaN\n", b"\n"], []),
    ],
    ids=str,
)
async def test_a_battery_that_runs_out_is_told_of_and_a_lost_gauge_is_not_taken_for_it(
    server: PiSugarDouble, lines: Sequence[bytes], lows: Sequence[int]
) -> None:
    clock, told = WatchedClock(), list[int]()

    async def low(percent: int) -> None:
        told.append(percent)

    watch = PowerWatch(probe_of(server), LiveBoard(), clock, off_below_percent=5)
    watch.when_low(low)
    server.answers[CHARGE] = lines[0]
    running = asyncio.ensure_future(watch.run(lambda: None))
    async with asyncio.timeout(PATIENCE_S):
        for line in lines[1:]:
            await clock.waits.get()
            server.answers[CHARGE] = line
            clock.advance(EVERY_S)
        await clock.waits.get()
    running.cancel()
    await asyncio.wait({running})

    assert told == lows
