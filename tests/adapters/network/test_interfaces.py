"""The kernel's interfaces, asked for real."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from visitbridge.adapters.network.interfaces import Interfaces, open_bell
from visitbridge.ports.uplink import Traffic


def test_loopback_has_an_address_and_an_unknown_interface_has_none() -> None:
    assert Interfaces().has_address("lo")
    assert not Interfaces().has_address("nothing0")


def test_traffic_is_counted() -> None:
    before = Interfaces().traffic("lo")
    assert before is not None
    subprocess.run(["ip", "-brief", "link", "show", "lo"], check=True, capture_output=True)
    assert Interfaces().traffic("nothing0") is None


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"rx_bytes": "10\n", "tx_bytes": "7\n"}, Traffic(received_bytes=10, sent_bytes=7)),
        ({"rx_bytes": "10\n"}, None),
        ({"rx_bytes": "x", "tx_bytes": "7"}, None),
    ],
)
def test_counters_are_read_from_sysfs(
    tmp_path: Path, files: dict[str, str], expected: Traffic | None
) -> None:
    folder = tmp_path / "usb0/statistics"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(content)

    assert Interfaces(tmp_path).traffic("usb0") == expected


async def test_an_address_that_comes_or_goes_rings_the_bell() -> None:
    rung = asyncio.Event()
    async with open_bell(rung.set):
        for action in ("add", "del"):
            rung.clear()
            change = ["ip", "address", action, "127.99.0.1/32", "dev", "lo"]
            await (await asyncio.create_subprocess_exec(*change)).wait()
            async with asyncio.timeout(PATIENCE_S):
                await rung.wait()
