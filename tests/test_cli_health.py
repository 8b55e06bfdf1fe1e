"""``visitbridge health``: an exit code for timers, a line for programs, words for people."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.adapters.test_metrics import HEALTH
from tests.test_cli import config_file
from visitbridge.adapters.console import ConsoleAnswer
from visitbridge.cli import main
from visitbridge.cli.health import HealthLine
from visitbridge.protocols.health import BoxHealth, DiskHealth, Expiry, PowerHealth, QueueHealth
from visitbridge.services.concerns import concerns_of

WELL = msgspec.structs.replace(
    HEALTH,
    clock="network",
    queue=QueueHealth(drained=True, unsent=0, needs_person=0),
    expiry=Expiry(),
    power=PowerHealth(),
    disk=DiskHealth(free_bytes=5, total_bytes=10, writable=True),
)
AT = WELL.at
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("changes", "concerns"),
    [
        ({}, ()),
        ({"queue": QueueHealth(drained=False, unsent=2, needs_person=0, oldest_at=AT - DAY / 2)}, ()),
        (
            {"queue": QueueHealth(drained=False, unsent=2, needs_person=1, oldest_at=AT - DAY)},
            ("unsent_long", "needs_person"),
        ),
        ({"expiry": Expiry(sam_until=dt.date(2026, 12, 24))}, ()),
        ({"expiry": Expiry(sam_until=dt.date(2026, 12, 23))}, ("sam_ends",)),
        ({"expiry": Expiry(portal_certificate_at=AT + 30 * DAY)}, ("portal_certificate_ends",)),
        ({"expiry": Expiry(page_certificate_at=AT - DAY)}, ("page_certificate_ends",)),
        ({"disk": DiskHealth(free_bytes=1, total_bytes=10, writable=True)}, ()),
        ({"disk": DiskHealth(free_bytes=0, total_bytes=10, writable=False)}, ("disk_read_only", "disk_low")),
        ({"power": PowerHealth(under_voltage=True, battery_percent=20)}, ("under_voltage", "battery_low")),
        ({"power": PowerHealth(under_voltage=False, battery_percent=21)}, ()),
        ({"clock": "untrusted"}, ("clock_untrusted",)),
        ({"rescued_at": AT}, ("rescued",)),
        ({"bound": False, "enabled": False}, ("not_bound",)),
        ({"enabled": False}, ("disabled",)),
    ],
)
def test_what_is_worth_a_look(changes: dict[str, Any], concerns: tuple[str, ...]) -> None:
    assert concerns_of(msgspec.structs.replace(WELL, **changes)) == concerns


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[BoxHealth | None], None]:
    """What the running box says; None: none runs."""

    def answer(health: BoxHealth | None) -> None:
        async def order(_folder: Path, command: str, text: str = "") -> ConsoleAnswer | None:
            await asyncio.sleep(0)
            assert (command, text) == ("health", "")
            raw = msgspec.Raw(msgspec.json.encode(health))
            return None if health is None else ConsoleAnswer(answer=raw)

        monkeypatch.setattr("visitbridge.cli.orders.order", order)

    return answer


@pytest.mark.parametrize(
    ("health", "code"),
    [(WELL, 0), (msgspec.structs.replace(WELL, clock="untrusted"), 1), (None, 69)],
    ids=["well", "concern", "not running"],
)
def test_the_exit_code_says_whether_somebody_has_to_look(
    tmp_path: Path,
    answering: Callable[[BoxHealth | None], None],
    health: BoxHealth | None,
    code: int,
) -> None:
    answering(health)
    assert main(["health", "--config", str(config_file(tmp_path))]) == code


def test_people_are_told_in_words(
    tmp_path: Path,
    answering: Callable[[BoxHealth | None], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_TW.UTF-8")
    answering(msgspec.structs.replace(WELL, clock="untrusted"))
    main(["health", "--config", str(config_file(tmp_path))])
    assert capsys.readouterr().out.splitlines() == [
        "待傳 0 件；VPN 不穩；程式 0.1.0",
        "時間未校正。",
    ]


def test_programs_are_told_on_one_line(
    tmp_path: Path, answering: Callable[[BoxHealth | None], None], capsys: pytest.CaptureFixture[str]
) -> None:
    told = msgspec.structs.replace(WELL, clock="untrusted")
    answering(told)
    main(["health", "--json", "--config", str(config_file(tmp_path))])
    (line,) = capsys.readouterr().out.splitlines()
    assert msgspec.json.decode(line, type=HealthLine) == HealthLine(
        concerns=("clock_untrusted",), health=told
    )
