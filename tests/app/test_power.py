"""Switching a whole box off from a phone, on a private bus with a double of logind."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.app.box import config_for, running_box
from tests.bluetooth import system_bus_at
from visitbridge.config import PowerSection
from visitbridge.sim.bluez.bus import open_private_bus
from visitbridge.sim.logind import open_logind
from visitbridge.sim.pisugar import CHARGE, open_pisugar


async def test_the_box_tells_what_is_open_and_goes_off(tmp_path: Path) -> None:
    async with open_private_bus() as bus, open_logind(bus.address) as logind:
        with system_bus_at(Path(bus.address.removeprefix("unix:path="))):
            async with running_box(config_for(tmp_path)) as box:
                await box.pair()
                status, view = await box.ask("GET", "/api/box/power")
                answered, _ = await box.ask("POST", "/api/box/power/off")
                _, state = await box.ask("GET", "/api/state")
                _, trail = await box.ask("GET", "/api/audit")

    assert (status, view["possible"], view["unsent"], view["busy"]) == (200, True, 0, False)
    assert (answered, logind.asked) == (204, [False])
    assert state["power"]["switching_off"] is True
    assert "box.switch_off" in {row["entry"]["act"] for row in trail["rows"]}


async def test_a_machine_that_cannot_says_what_to_do(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as box:
        await box.pair()
        status, refused = await box.ask("POST", "/api/box/power/off")
        _, state = await box.ask("GET", "/api/state")

    assert (status, refused["error"]["code"]) == (409, "GW-DEV-22")
    assert state["power"]["switching_off"] is False


async def test_a_laboratory_without_a_bus_of_its_own_asks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS")
    async with running_box(config_for(tmp_path)) as box:
        await box.pair()
        _, view = await box.ask("GET", "/api/box/power")

    assert view["possible"] is False


@pytest.mark.parametrize(
    ("line", "percent", "silent", "code"),
    [
        (b"battery: 87.5\n", 87, False, "ok"),
        (b"battery: 4.5\n", 4, False, "low"),
        (b"Invalid request.\n", None, True, "silent"),
    ],
)
async def test_the_battery_of_a_pisugar_is_shown(
    tmp_path: Path, line: bytes, percent: int | None, silent: bool, code: str
) -> None:
    async with open_pisugar() as server:
        server.answers[CHARGE] = line
        section = PowerSection(battery="pisugar", pisugar_port=server.port)
        config = msgspec.structs.replace(config_for(tmp_path), power=section)
        async with running_box(config) as box:
            await box.pair()
            _, state = await box.ask("GET", "/api/state")
            _, found = await box.ask("GET", "/api/environment")

    assert (state["power"]["battery_percent"], state["power"]["battery_silent"]) == (percent, silent)
    assert [item["code"] for item in found["items"] if item["item"] == "power"] == [code]
