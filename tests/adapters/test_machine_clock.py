"""Setting the machine's clock, at the system call: only when it is wrong, and quiet once it is not allowed."""

from __future__ import annotations

import datetime as dt
import errno
import logging
import time

import pytest

from visitbridge.adapters.machine_clock import SettableMachineClock

NOW = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)


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
def test_a_wrong_clock_is_set(monkeypatch: pytest.MonkeyPatch, off_by_s: float) -> None:
    machine = kernel(monkeypatch, off_by_s=off_by_s)

    SettableMachineClock().set(NOW)

    assert machine.now_s == NOW.timestamp()


@pytest.mark.parametrize("off_by_s", [-1.5, 0.0, 1.5])
def test_a_clock_that_is_right_is_left_alone(monkeypatch: pytest.MonkeyPatch, off_by_s: float) -> None:
    machine = kernel(monkeypatch, off_by_s=off_by_s)

    SettableMachineClock().set(NOW)

    assert machine.asked == 0


def test_without_the_right_it_is_said_once_and_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    machine = kernel(monkeypatch, allowed=False)
    clock = SettableMachineClock()

    with caplog.at_level(logging.WARNING):
        clock.set(NOW)
        clock.set(NOW)

    assert machine.asked == 1
    assert [record.getMessage() for record in caplog.records] == [
        "the machine's clock cannot be set: Operation not permitted"
    ]
