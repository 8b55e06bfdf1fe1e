"""The kernel's switches as sysfs shows them (Linux, Documentation/ABI/stable/sysfs-class-rfkill)."""

from __future__ import annotations

from pathlib import Path

import pytest

from visitbridge.adapters.ble.rfkill import is_blocked


@pytest.mark.parametrize(
    ("switches", "blocked"),
    [
        ([], False),
        ([("bluetooth", "0", "0")], False),
        ([("bluetooth", "1", "0")], True),
        ([("bluetooth", "0", "1")], True),
        ([("wlan", "1", "1"), ("bluetooth", "0", "0")], False),
        ([("wlan", "0", "0"), ("bluetooth", "1", "1")], True),
    ],
    ids=["none", "off", "flight mode", "the machine's own", "of another radio", "both"],
)
def test_a_switch_of_bluetooth_that_is_on_blocks_it(
    tmp_path: Path, switches: list[tuple[str, str, str]], blocked: bool
) -> None:
    for number, values in enumerate(switches):
        folder = tmp_path / f"rfkill{number}"
        folder.mkdir()
        for name, value in zip(("type", "soft", "hard"), values, strict=True):
            (folder / name).write_text(f"{value}\n")
    assert is_blocked(tmp_path) is blocked


def test_a_machine_without_switches_blocks_nothing(tmp_path: Path) -> None:
    assert not is_blocked(tmp_path / "rfkill")


def test_a_switch_that_goes_while_it_is_read_blocks_nothing(tmp_path: Path) -> None:
    (tmp_path / "rfkill0").mkdir()
    assert not is_blocked(tmp_path)
