"""The line of ``systemctl status`` follows the box, on a notification socket of our own (sd_notify(3))."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from visitbridge.adapters.systemd import Notifier, StatusLine, make_notifier
from visitbridge.domain.jobs import Age
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import LinkTopic, ModeTopic, QueueTopic
from visitbridge.sim.clock import FakeClock
from visitbridge.words import load_catalogue

TEXTS = load_catalogue().texts("zh-Hant-TW")
AT = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)
URL = "https://10.42.0.1/"


class Systemd:
    """The end of the socket that systemd has."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener

    def heard(self) -> list[str]:
        """What came since the last time."""
        said = []
        with contextlib.suppress(BlockingIOError):
            while True:
                said.append(self._listener.recv(4096).decode())
        return said


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield Systemd(listener)


def queue(depth: int) -> QueueTopic:
    return QueueTopic(
        depth=depth, attention=0, sending=0, oldest_at=None, oldest_age=Age.FRESH, last_success_at=None
    )


@contextlib.asynccontextmanager
async def following(board: LiveBoard, clock: FakeClock) -> AsyncIterator[None]:
    notifier: Notifier = make_notifier()
    line = StatusLine(notifier, board, clock, TEXTS, url=lambda: URL)
    task = asyncio.create_task(line.run(lambda: None))
    await turns()
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_systemd_reads_what_the_box_waits_for_at_most_once_a_second(
    systemd: Systemd, clock: FakeClock
) -> None:
    board = LiveBoard()
    async with following(board, clock):
        board.put("link", LinkTopic(link="down", hop="sim_absent", since=AT))
        await turns()
        first = systemd.heard()
        board.put("queue", queue(1))
        board.put("queue", queue(2))
        await turns()
        held = systemd.heard()
        clock.advance(1)
        await turns()

        assert first == [f"STATUS=等 VPN：沒有 SIM 卡，請插入 SIM 卡；{URL}"]
        assert held == []
        assert systemd.heard() == [f"STATUS=等 VPN：沒有 SIM 卡，請插入 SIM 卡；待傳 2 筆；{URL}"]


async def test_the_same_line_is_not_told_again(systemd: Systemd, clock: FakeClock) -> None:
    board = LiveBoard()
    async with following(board, clock):
        board.put("link", LinkTopic(link="good", hop="", since=AT))
        await turns()
        clock.advance(1)
        await turns()
        board.put("link", LinkTopic(link="good", hop="", since=AT, last_success_at=AT))
        board.put("mode", ModeTopic(virtual=True, training=False))
        await turns()

        assert systemd.heard() == [f"STATUS=健保VPN 正常；{URL}"]
