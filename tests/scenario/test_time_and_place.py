"""The whole daemon and what its modem tells of time and place."""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE_S
from tests.scenario.day import open_day
from tests.scenario.road import Road, open_road
from visitbridge.sim.modem import ModemSetup, VirtualModem

NETWORK_TIME = dt.datetime(2027, 3, 14, 2, 30, tzinfo=dt.UTC)
NEARLY = dt.timedelta(seconds=60)
HOME = (25.03309, 121.56521)
ASKS_WHERE = ("AT+CGPSINFO", "AT+QGPSLOC")
ASK_AGAIN_S = 0.05


async def state_once(road: Road, trust: str, *, modem: str | None = None) -> dict[str, Any]:
    """The box's state as soon as its time comes from ``trust`` and, if asked for, its modem is so far."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            _, state = await road.box.ask("GET", "/api/state")
            if state["time"]["trust"] == trust and modem in {None, state["modem"]["state"]}:
                return dict(state)
            await asyncio.sleep(ASK_AGAIN_S)


@pytest.mark.parametrize("zone_quarters", [32, 23, -14], ids=["Taiwan", "5:45 ahead", "3:30 behind"])
async def test_the_network_tells_the_time_in_quarter_hours(tmp_path: Path, zone_quarters: int) -> None:
    setup = ModemSetup(network_time=NETWORK_TIME, zone_quarters=zone_quarters)
    async with open_road(tmp_path, setup, bound=False) as road:
        state = await state_once(road, "network", modem="data_up")
        _, report = await road.box.ask("GET", "/api/environment")

    assert abs(dt.datetime.fromisoformat(report["at"]) - NETWORK_TIME) < NEARLY
    assert next(check for check in report["items"] if check["item"] == "clock")["state"] == "ok"
    assert state["modem"]["state"] == "data_up"


async def test_a_module_that_was_told_no_time_is_not_believed(tmp_path: Path) -> None:
    """It then answers with the date of its making; the box shows 時間未校正 until the data centre speaks."""
    async with open_road(tmp_path, bound=False) as road:
        await road.until(lambda _: "AT+CCLK?" in road.virtual.commands)
        asked = road.virtual.commands.index("AT+CCLK?")
        await road.until(lambda _: len(road.virtual.commands) > asked + 5)
        _, state = await road.box.ask("GET", "/api/state")
        _, report = await road.box.ask("GET", "/api/environment")
        assert state["time"]["trust"] == "untrusted"
        assert next(check for check in report["items"] if check["item"] == "clock")["state"] == "fail"

        await road.bind()
        await state_once(road, "data_centre")


@pytest.mark.parametrize(
    ("family", "place", "kept"),
    [
        ("sim7600", None, None),
        ("ec25", None, None),
        ("sim7600", HOME, HOME),
        ("ec25", HOME, HOME),
    ],
)
async def test_a_visit_keeps_where_it_was_or_honestly_nothing(
    family: str, place: tuple[float, float] | None, kept: tuple[float, float] | None
) -> None:
    setup = ModemSetup(family=family, position=place, network_time=dt.datetime.now(dt.UTC))
    with tempfile.TemporaryDirectory(prefix="vb-road-") as folder:
        virtual = VirtualModem(Path(folder) / "modem-at", setup)
        config = f"[modem]\nprofile = '{family}'\nport = '{virtual.link}'\napn = 'vpn.example'\n"
        async with virtual.open(), open_day(use_pcscd=False, config=config) as day:
            await day.sign_in()
            await day.insert("patient-lin")
            answered = asyncio.Event()
            virtual.when_asked(lambda line: answered.set() if line.startswith(ASKS_WHERE) else None)
            # The receiver is asked once a minute, and whenever the network speaks. Who asks again has taken the answer before.
            for _ in range(2):
                answered.clear()
                virtual.say(b'+CTZV: +32,"26/11/22,01:00:00"')
                await asyncio.wait_for(answered.wait(), PATIENCE_S)
            position = (await day.start())["visit"]["position"]

    assert _rounded(position) == kept


def _rounded(position: dict[str, Any] | None) -> tuple[float, float] | None:
    return None if position is None else (round(position["latitude"], 5), round(position["longitude"], 5))
