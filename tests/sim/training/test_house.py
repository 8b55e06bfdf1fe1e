"""The rooms as a service of the box: a process of their own, and a folder that is empty when they have closed (ux §3.9)."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from visitbridge.domain.people import BoxRole
from visitbridge.errors import TrainingClosed
from visitbridge.ports.training import RoomsPhase
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.training import house as house_module
from visitbridge.sim.training.house import TrainingHouse

_IDLE_S = 3600.0
# Stands for the rooms: says that they are open, and what it found, and stays.
_ROOMS = """
import json, os, pathlib, sys, time
folder = pathlib.Path(sys.argv[sys.argv.index("--dir") + 1])
(folder / "ca.pem").write_text("PEM")
(folder / "environment").write_text(json.dumps(dict(os.environ)))
(folder / "practised").write_text("x")
print(json.dumps({"event": "ready", "url": "https://127.0.0.1:9/", "ca_file": str(folder / "ca.pem")}), flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "training"


@pytest.fixture
async def house(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[TrainingHouse, FakeClock]]:
    (tmp_path / "stand_in_rooms.py").write_text(_ROOMS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/real")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    monkeypatch.setattr(house_module, "_MODULE", "stand_in_rooms")
    clock = FakeClock()
    made = TrainingHouse(folder, clock, idle_s=_IDLE_S)
    running = asyncio.create_task(made.run(lambda: None))
    yield made, clock
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def is_there(path: Path) -> bool:
    return path.exists()


def leave_behind(file: Path) -> None:
    file.parent.mkdir()
    file.touch()


def phase_of(house: TrainingHouse) -> RoomsPhase:
    return house.phase


async def until(house: TrainingHouse, phase: RoomsPhase) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while house.phase is not phase:  # noqa: ASYNC110 - a process of its own is at work
            await asyncio.sleep(0.02)


async def test_rooms_open_on_request_and_leave_nothing_when_they_close(
    house: tuple[TrainingHouse, FakeClock], folder: Path
) -> None:
    rooms, _ = house
    rooms.open()
    phases = [phase_of(rooms)]
    await until(rooms, RoomsPhase.OPEN)
    address = rooms.address
    rooms.close(keep=False)
    phases.append(phase_of(rooms))
    await until(rooms, RoomsPhase.CLOSED)

    assert phases == [RoomsPhase.OPENING, RoomsPhase.CLOSING]
    assert address is not None
    assert (address.url, address.ca_pem) == ("https://127.0.0.1:9/", "PEM")
    assert (rooms.address, rooms.has_failed, is_there(folder)) == (None, False, False)


async def test_they_get_nothing_that_systemd_gave_to_the_box(
    house: tuple[TrainingHouse, FakeClock], folder: Path
) -> None:
    rooms, _ = house
    rooms.open()
    await until(rooms, RoomsPhase.OPEN)

    given = (folder / "environment").read_text("utf-8")

    assert "CREDENTIALS_DIRECTORY" not in given
    assert "NOTIFY_SOCKET" not in given
    assert "PYTHONPATH" in given


async def test_what_was_kept_is_there_the_next_time_and_only_then(
    house: tuple[TrainingHouse, FakeClock], folder: Path
) -> None:
    rooms, _ = house
    rooms.open()
    await until(rooms, RoomsPhase.OPEN)
    (folder / "practised").write_text("yesterday")
    (folder / "mine").touch()
    rooms.close(keep=True)
    await until(rooms, RoomsPhase.CLOSED)
    kept = (folder / "mine").exists()
    rooms.open()
    await until(rooms, RoomsPhase.OPEN)
    there = (folder / "mine").exists()
    rooms.close(keep=False)
    await until(rooms, RoomsPhase.CLOSED)

    assert (kept, there, is_there(folder)) == (True, True, False)


async def test_what_a_power_cut_left_is_not_taken_up(
    house: tuple[TrainingHouse, FakeClock], folder: Path
) -> None:
    rooms, _ = house
    leave_behind(folder / "left")
    rooms.open()
    await until(rooms, RoomsPhase.OPEN)

    assert not (folder / "left").exists()


async def test_rooms_that_nobody_uses_close_by_themselves(
    house: tuple[TrainingHouse, FakeClock], folder: Path
) -> None:
    rooms, clock = house
    rooms.open()
    await until(rooms, RoomsPhase.OPEN)
    clock.advance(_IDLE_S - 1)
    rooms.note_use()
    clock.advance(_IDLE_S - 1)
    await asyncio.sleep(0.05)
    still = rooms.phase
    clock.advance(2)
    await until(rooms, RoomsPhase.CLOSED)

    assert (still, rooms.has_failed, is_there(folder)) == (RoomsPhase.OPEN, False, False)


async def test_rooms_that_end_by_themselves_are_told_of_and_can_be_opened_again(
    house: tuple[TrainingHouse, FakeClock], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms, _ = house
    monkeypatch.setattr(house_module, "_MODULE", "no_such_rooms")
    rooms.open()
    await until(rooms, RoomsPhase.CLOSED)
    failed = rooms.has_failed
    monkeypatch.setattr(house_module, "_MODULE", "stand_in_rooms")
    rooms.open()
    await until(rooms, RoomsPhase.OPEN)

    assert (failed, rooms.has_failed) == (True, False)


async def test_nobody_is_let_in_while_they_are_closed(house: tuple[TrainingHouse, FakeClock]) -> None:
    rooms, _ = house

    with pytest.raises(TrainingClosed):
        await rooms.admit("p", "手機", BoxRole.USER)


async def test_closing_them_while_they_open_is_heeded(
    house: tuple[TrainingHouse, FakeClock], folder: Path
) -> None:
    rooms, _ = house
    rooms.open()
    await asyncio.sleep(0)
    rooms.close(keep=False)
    await until(rooms, RoomsPhase.CLOSED)

    assert (rooms.has_failed, is_there(folder)) == (False, False)
    assert os.environ["NOTIFY_SOCKET"] == "/run/notify"
