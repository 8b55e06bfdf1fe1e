"""What whoever sits at the box is shown of phones that ask."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from visitbridge.adapters.presence_file import FILE_NAME, PresenceFile, read_questions
from visitbridge.adapters.store import open_store
from visitbridge.cli import main
from visitbridge.domain.people import BoxRole
from visitbridge.services.live import LiveBoard
from visitbridge.services.presence import LIFE_S, PresenceDesk, Purpose
from visitbridge.sim.clock import FakeClock


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[PresenceDesk]:
    clock = FakeClock(dt.datetime.now(dt.UTC))
    async with open_store(tmp_path / "store.db", bytes(32), clock=clock) as store:
        yield PresenceDesk(store, LiveBoard(), clock)


async def test_the_file_follows_the_desk_and_goes_with_the_program(
    tmp_path: Path, desk: PresenceDesk
) -> None:
    file = tmp_path / FILE_NAME
    ready = asyncio.Event()
    running = asyncio.create_task(PresenceFile(desk, tmp_path).run(ready.set))
    await ready.wait()
    asked = desk.ask(Purpose.PAIR, name="林護理師", role=BoxRole.USER, phone_id="p1")
    (shown,) = read_questions(file, dt.datetime.now(dt.UTC))
    mode = file.stat().st_mode & 0o777
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=LIFE_S)
    over = read_questions(file, later)
    desk.close(asked.question)
    settled = read_questions(file, dt.datetime.now(dt.UTC))
    running.cancel()
    await asyncio.wait({running})

    assert (shown.question, len(shown.code), mode) == (asked.question, 6, 0o600)
    assert asked.secret not in repr(shown)
    assert (over, settled) == ((), ())
    assert not file.exists()


async def test_the_command_prints_who_asks(
    tmp_path: Path, desk: PresenceDesk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_TW.UTF-8")
    config = tmp_path / "visitbridge.toml"
    config.write_text(f'[box]\nruntime_dir = "{tmp_path}"\nstate_dir = "{tmp_path}"\n', "utf-8")
    PresenceFile(desk, tmp_path)
    command = ["codes", "--config", str(config)]
    statuses = [main(command)]
    desk.ask(Purpose.OPEN, name="陳醫師 Pixel", role=BoxRole.USER, phone_id="p1")
    statuses.append(main(command))

    nobody, somebody = capsys.readouterr().out.splitlines()
    (shown,) = desk.for_console()
    assert statuses == [0, 0]
    assert nobody == "目前沒有手機在等。"
    assert somebody == f"代碼 {shown.code[:3]} {shown.code[3:]}：手機「陳醫師 Pixel」要重新開啟"
