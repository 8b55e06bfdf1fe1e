"""Setting the machine's clock, at the system call: only when it is wrong, and quiet once it is not allowed."""

from __future__ import annotations

import datetime as dt
import errno
import logging
import subprocess
import time
from pathlib import Path

import pytest

from visitbridge.adapters.machine_clock import SettableMachineClock

NOW = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)


SCRIPT = Path(__file__).parents[2] / "systemd/set-clock"


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    return tmp_path / "clock"


class Kernel:
    """Takes the place of the two system calls; the machine that runs the tests keeps its time."""

    def __init__(self, stands_at: dt.datetime, *, allowed: bool) -> None:
        self.now_s = stands_at.timestamp()
        self.asked = 0
        self._allowed = allowed

    def time(self) -> float:
        return self.now_s

    def clock_settime(self, clock: int, seconds: float) -> None:
        assert clock == time.CLOCK_REALTIME
        self.asked += 1
        if not self._allowed:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        self.now_s = seconds


def kernel(monkeypatch: pytest.MonkeyPatch, *, off_by_s: float = 3600.0, allowed: bool = True) -> Kernel:
    made = Kernel(NOW + dt.timedelta(seconds=off_by_s), allowed=allowed)
    monkeypatch.setattr("visitbridge.adapters.machine_clock.time.time", made.time)
    monkeypatch.setattr("visitbridge.adapters.machine_clock.time.clock_settime", made.clock_settime)
    return made


@pytest.mark.parametrize("off_by_s", [-86_400.0, -2.5, 2.5, 86_400.0])
def test_a_wrong_clock_is_set(monkeypatch: pytest.MonkeyPatch, request_file: Path, off_by_s: float) -> None:
    machine = kernel(monkeypatch, off_by_s=off_by_s)

    SettableMachineClock(request_file).set(NOW)

    assert machine.now_s == NOW.timestamp()


@pytest.mark.parametrize("off_by_s", [-1.5, 0.0, 1.5])
def test_a_clock_that_is_right_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, request_file: Path, off_by_s: float
) -> None:
    machine = kernel(monkeypatch, off_by_s=off_by_s)

    SettableMachineClock(request_file).set(NOW)

    assert machine.asked == 0


def test_without_the_right_somebody_else_is_asked(
    monkeypatch: pytest.MonkeyPatch, request_file: Path
) -> None:
    machine = kernel(monkeypatch, allowed=False)
    monkeypatch.setattr("visitbridge.adapters.machine_clock.time.clock_gettime", lambda clock: 100.25)
    clock = SettableMachineClock(request_file)

    clock.set(NOW)
    clock.set(NOW)

    assert machine.asked == 1
    assert request_file.read_text("utf-8") == f"{NOW.timestamp() - 100.25:.3f}\n"


def test_a_request_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kernel(monkeypatch, allowed=False)

    with caplog.at_level(logging.WARNING):
        SettableMachineClock(tmp_path / "missing/clock").set(NOW)

    assert caplog.messages == ["the machine's clock cannot be set: No such file or directory"]


@pytest.fixture
def fake_date(tmp_path: Path) -> Path:
    """A folder with a ``date`` that says what it was asked, and changes nothing."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/date"
    program.write_text('#!/bin/sh\necho "$*"\n', "utf-8")
    program.chmod(0o755)
    return program.parent


def run_script(content: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "clock").write_text(content, "utf-8")
    environment = {"PATH": f"{folder}:/usr/bin:/bin"}
    return subprocess.run(
        ["sh", str(SCRIPT), str(folder / "clock")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_script_adds_the_uptime_to_what_was_asked(fake_date: Path) -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    told = run_script("1000000.500\n", fake_date)
    after = time.clock_gettime(time.CLOCK_BOOTTIME)

    command, _, moment = told.stdout.strip().partition("@")
    assert command == "--utc --set "
    assert before - 0.02 <= float(moment) - 1000000.5 <= after


@pytest.mark.parametrize("content", ["", "\n", "soon\n", "1;reboot\n", "-5\n", "1.2.3\n", "$(id)\n"])
def test_the_script_takes_nothing_but_a_number(fake_date: Path, content: str) -> None:
    told = run_script(content, fake_date)

    assert told.returncode != 0
    assert told.stdout == ""
