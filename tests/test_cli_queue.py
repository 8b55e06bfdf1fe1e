"""``visitbridge queue --wait``: an updater lets leave what can leave, and no more."""

from __future__ import annotations

import datetime as dt
import itertools
import os
from pathlib import Path

import msgspec
import pytest

from tests.test_cli import config_file
from visitbridge.adapters.status_file import FILE_NAME, BoxStatus
from visitbridge.cli import main
from visitbridge.domain.jobs import Age
from visitbridge.services.topics import QueueTopic

AT = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


def told(depth: int, *, sending: int = 0) -> bytes:
    queue = QueueTopic(
        depth=depth, attention=0, sending=sending, oldest_at=None, oldest_age=Age.FRESH, last_success_at=None
    )
    status = BoxStatus(
        version="1",
        pid=os.getpid(),
        written_at=AT,
        drained=depth == 0,
        queue=queue,
        link="good",
        bound=True,
        enabled=True,
    )
    return msgspec.json.encode(status)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When the command looked at the clock and slept; nothing sleeps."""
    now = [0.0]
    monkeypatch.setattr("visitbridge.cli.asking.time.monotonic", lambda: now[0])
    monkeypatch.setattr("visitbridge.cli.asking.time.sleep", lambda s: now.__setitem__(0, now[0] + s))
    return now


@pytest.fixture
def statuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the box tells, one after the other; the last is told for ever."""
    told_in_turn: list[bytes] = []
    (tmp_path / "run").mkdir()
    file = tmp_path / "run" / FILE_NAME
    count = itertools.count()

    def read(folder: Path) -> BoxStatus:
        file.write_bytes(told_in_turn[min(next(count), len(told_in_turn) - 1)])
        return msgspec.json.decode(file.read_bytes(), type=BoxStatus)

    monkeypatch.setattr("visitbridge.cli.asking.read_status", read)
    return told_in_turn


@pytest.mark.parametrize(
    ("course", "exit_code", "least_s", "most_s"),
    [
        pytest.param([told(0)], 0, 0, 0, id="empty: no wait"),
        pytest.param([told(2), told(1), told(0)], 0, 0.3, 1, id="drains: until it is empty"),
        pytest.param([told(2)], 1, 5, 5.5, id="waits for a card: not for long"),
        pytest.param([told(2, sending=1)], 1, 60, 60.5, id="sends for ever: the time that was given"),
    ],
)
def test_the_wait_ends_when_nothing_moves(
    course: list[bytes],
    exit_code: int,
    least_s: float,
    most_s: float,
    statuses: list[bytes],
    seconds: list[float],
    tmp_path: Path,
) -> None:
    statuses.extend(course)

    assert main(["queue", "--wait", "60", "--config", str(config_file(tmp_path))]) == exit_code
    assert least_s <= seconds[0] <= most_s
