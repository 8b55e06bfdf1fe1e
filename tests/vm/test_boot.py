"""The guest is an ordinary Debian whose system runs, and commands in it keep deadlines."""

from __future__ import annotations

import pytest

from tests.vm.guest import Guest
from tests.vm.inside_view import python


def test_systemd_is_up_and_nothing_failed(guest: Guest) -> None:
    assert guest.run("cat", "/proc/1/comm") == "systemd\n"
    assert guest.run("systemctl", "is-system-running", "--wait") == "running\n"


def test_a_command_that_hangs_is_ended_and_fails(guest: Guest) -> None:
    with pytest.raises(AssertionError, match="still running after 1 s"):
        guest.run("sleep", "600", within_s=1)

    assert guest.attempt("pgrep", "--exact", "sleep").code == 1


@pytest.mark.parametrize("size", [0, 1, 200_000])
def test_files_go_in_and_come_out(guest: Guest, size: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    guest.put("/root/data", data[:size])

    assert guest.get("/root/data") == data[:size]


def test_the_gateways_program_runs_on_debians_python_and_bindings(guest: Guest) -> None:
    assert "visitbridge" in python(guest, "-m", "visitbridge", "--help", within_s=240)
