"""Supply and battery, at the kernel's files: what a Pi offers, what a laptop offers, and nothing at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from visitbridge.adapters.board_power import BoardPower
from visitbridge.services.power import PowerFound

THROTTLED = "devices/platform/soc/soc:firmware/get_throttled"
VOLT, OTHER = "class/hwmon/hwmon1", "class/hwmon/hwmon0"
CELL, MOUSE, MAINS = (f"class/power_supply/{name}" for name in ("bq27441-0", "a-hid-mouse", "usb"))


async def found(folder: Path, files: Mapping[str, str]) -> PowerFound:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content + "\n")
    return await BoardPower(folder).read()


@pytest.mark.parametrize(
    ("files", "under_voltage"),
    [
        ({THROTTLED: "0"}, False),
        ({THROTTLED: "1"}, True),
        ({THROTTLED: "50005"}, True),
        ({THROTTLED: "50000"}, False),
        ({THROTTLED: "e0008"}, False),
        ({f"{VOLT}/name": "rpi_volt", f"{VOLT}/in0_lcrit_alarm": "1"}, True),
        ({f"{VOLT}/name": "rpi_volt", f"{VOLT}/in0_lcrit_alarm": "0", THROTTLED: "1"}, False),
        ({f"{OTHER}/name": "cpu_thermal", f"{OTHER}/in0_lcrit_alarm": "1"}, None),
        ({f"{VOLT}/name": "rpi_volt"}, None),
        ({THROTTLED: "garbage"}, None),
        ({THROTTLED: ""}, None),
        ({}, None),
    ],
    ids=str,
)
async def test_under_voltage_is_what_holds_now(
    tmp_path: Path, files: Mapping[str, str], under_voltage: bool | None
) -> None:
    assert await found(tmp_path, files) == PowerFound(under_voltage=under_voltage, battery_percent=None)


@pytest.mark.parametrize(
    ("files", "percent"),
    [
        ({f"{CELL}/type": "Battery", f"{CELL}/capacity": "64"}, 64),
        ({f"{CELL}/type": "Battery", f"{CELL}/scope": "System", f"{CELL}/capacity": "0"}, 0),
        ({f"{MAINS}/type": "USB", f"{MAINS}/capacity": "5"}, None),
        ({f"{MOUSE}/type": "Battery", f"{MOUSE}/scope": "Device", f"{MOUSE}/capacity": "5"}, None),
        (
            {
                f"{MOUSE}/type": "Battery",
                f"{MOUSE}/scope": "Device",
                f"{MOUSE}/capacity": "5",
                f"{CELL}/type": "Battery",
                f"{CELL}/capacity": "88",
            },
            88,
        ),
        ({f"{CELL}/type": "Battery"}, None),
        ({f"{CELL}/type": "Battery", f"{CELL}/capacity": "-1"}, None),
        ({f"{CELL}/type": "Battery", f"{CELL}/capacity": "101"}, None),
    ],
    ids=str,
)
async def test_the_battery_is_the_boxs_own(
    tmp_path: Path, files: Mapping[str, str], percent: int | None
) -> None:
    assert await found(tmp_path, files) == PowerFound(under_voltage=None, battery_percent=percent)


@pytest.mark.parametrize(
    ("status", "discharging"),
    [
        ("Discharging", True),
        ("Charging", False),
        ("Full", False),
        ("Not charging", False),
        ("Unknown", None),
        ("", None),
    ],
)
async def test_whether_the_battery_runs_down_is_its_gauges_word(
    tmp_path: Path, status: str, discharging: bool | None
) -> None:
    files = {f"{CELL}/type": "Battery", f"{CELL}/capacity": "4", f"{CELL}/status": status}
    assert await found(tmp_path, files) == PowerFound(
        under_voltage=None, battery_percent=4, discharging=discharging
    )
