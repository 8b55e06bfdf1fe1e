from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from visitbridge.adapters.status_file import FILE_NAME, BoxStatus, StatusFile, read_status
from visitbridge.domain.jobs import Age
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import LinkTopic, PowerTopic, QueueTopic
from visitbridge.sim.clock import FakeClock

AT = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)


def queue(depth: int) -> QueueTopic:
    return QueueTopic(
        depth=depth, attention=0, sending=0, oldest_at=None, oldest_age=Age.FRESH, last_success_at=None
    )


@contextlib.asynccontextmanager
async def following(board: LiveBoard, clock: FakeClock, folder: Path) -> AsyncIterator[None]:
    ready = asyncio.Event()
    task = asyncio.create_task(StatusFile(board, clock, folder, version="1.2").run(ready.set))
    await ready.wait()
    await asyncio.sleep(0)
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_file_follows_the_box_at_most_once_a_second(tmp_path: Path, clock: FakeClock) -> None:
    board = LiveBoard()
    board.put("link", LinkTopic(link="good", hop="", since=AT))
    async with following(board, clock, tmp_path):
        first = read_status(tmp_path)
        board.put("queue", queue(3))
        await turns()
        second = read_status(tmp_path)
        board.put("queue", queue(2))
        board.put("queue", queue(0))
        await turns()
        held = read_status(tmp_path)
        clock.advance(1)
        await turns()
        last = read_status(tmp_path)
        clock.advance(1)
        await turns()
        assert clock.sleepers == 0, "one write covers all changes before it"

    assert first == BoxStatus(
        version="1.2",
        pid=os.getpid(),
        written_at=AT,
        drained=False,
        queue=None,
        link="good",
        bound=False,
        enabled=False,
    )
    assert second is not None
    assert (second.drained, second.queue) == (False, queue(3))
    assert held == second
    assert last is not None
    assert (last.drained, last.queue) == (True, queue(0))


async def test_other_news_does_not_touch_the_disk(tmp_path: Path, clock: FakeClock) -> None:
    board = LiveBoard()
    async with following(board, clock, tmp_path):
        before = (tmp_path / FILE_NAME).stat().st_ino
        board.put("power", PowerTopic(battery_percent=50, under_voltage=False))
        await turns()

        assert (tmp_path / FILE_NAME).stat().st_ino == before


async def test_the_file_goes_with_the_process(tmp_path: Path, clock: FakeClock) -> None:
    async with following(LiveBoard(), clock, tmp_path):
        assert (tmp_path / FILE_NAME).exists()

    assert read_status(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"{", b"{}"])
def test_what_is_no_status_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)

    assert read_status(tmp_path) is None


@pytest.mark.parametrize(
    ("trouble", "is_there"),
    [
        pytest.param(None, True, id="ours"),
        pytest.param(PermissionError, True, id="another user's"),
        pytest.param(ProcessLookupError, False, id="gone"),
    ],
)
async def test_whether_the_daemon_runs_is_asked_of_the_kernel_and_not_of_proc(
    tmp_path: Path,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    trouble: type[OSError] | None,
    is_there: bool,
) -> None:
    """It does not show in ``/proc`` to its own user, who runs the health timer."""
    asked: list[tuple[int, int]] = []

    def kill(pid: int, number: int) -> None:
        asked.append((pid, number))
        if trouble is not None:
            raise trouble

    monkeypatch.setattr("os.kill", kill)
    async with following(LiveBoard(), clock, tmp_path):
        assert (read_status(tmp_path) is not None) is is_there

    assert asked == [(os.getpid(), 0)]


async def test_a_full_disk_does_not_stop_the_box(tmp_path: Path, clock: FakeClock) -> None:
    gone = tmp_path / "gone"

    async with following(LiveBoard(), clock, gone):
        assert not gone.exists()
