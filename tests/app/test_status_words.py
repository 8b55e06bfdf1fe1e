"""What systemd is told of a box that starts, serves and stops, on a notification socket of our own."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

from tests.app.box import config_for, running_box
from visitbridge.adapters.systemd import make_notifier


async def test_systemd_is_told_in_words_what_a_new_box_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        async with running_box(config_for(tmp_path), notifier=make_notifier()) as box:
            url = box.ready.url
        said = []
        with contextlib.suppress(BlockingIOError):
            while True:
                said.append(listener.recv(4096).decode())

    assert said[0] == "STATUS=正在啟動"
    (ready,) = (each for each in said if each.startswith("READY=1\n"))
    assert ready.startswith("READY=1\nSTATUS=等綁定機構；")
    assert ready.endswith(f"；{url}")
    assert said[-1] == "STOPPING=1\nSTATUS=正在停止，把手邊的工作收好"
