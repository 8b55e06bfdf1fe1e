"""The lab's own promises: one command starts all of it, one Ctrl-C stops all of it, and nothing is left behind."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from visitbridge.sim import scenario

FIRST_VISIT = Path(scenario.__file__).parents[1] / "scenarios" / "first_visit.toml"
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start ``visitbridge …`` as a person at a terminal does, in a process group of its own."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str | Path) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [sys.executable, "-m", "visitbridge", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        started.append(program)
        return program

    yield begin
    for program in started:
        program.kill()
        program.wait()
        assert program.stdout is not None
        program.stdout.close()


def lines_until(program: subprocess.Popen[str], text: str) -> str:
    """What it says up to the line with this text; fails when it ends without."""
    assert program.stdout is not None
    said: list[str] = []
    for line in program.stdout:
        said.append(line)
        if text in line:
            return "".join(said)
    raise AssertionError(f"it ended without saying {text!r}:\n{''.join(said)}")


def family_of(pid: int) -> dict[int, str]:
    """All descendants as pid → command line."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        parents[int(stat.parent.name)] = (int(fields[1]), command)
    found: dict[int, str] = {}
    generation = {pid}
    while generation := {child for child, (parent, _) in parents.items() if parent in generation}:
        found |= {child: parents[child][1] for child in generation}
    return found


def ended_within(pids: list[int], seconds_s: float) -> bool:
    """Whether all of them end in time; ``pids`` are descriptors of pidfd_open(2), readable at the end."""
    until = time.monotonic() + seconds_s
    return all(select.select([pid], [], [], max(0.0, until - time.monotonic()))[0] for pid in pids)


@pytest.mark.parametrize(
    "how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["Ctrl-C", "TERM", "KILL"]
)
def test_all_of_it_ends_with_the_command_however_that_ends(
    start: Start, tmp_path: Path, how: signal.Signals
) -> None:
    lab = start("lab", "run", "--dir", tmp_path, "--port", "0", "--starter")
    lines_until(lab, "Ctrl-C")
    family = family_of(lab.pid)
    assert {
        name for name in ("vpnportal", "visitbridge run", "pcscd") if name in " ".join(family.values())
    } == {
        "vpnportal",
        "visitbridge run",
        "pcscd",
    }
    handles = [os.pidfd_open(pid) for pid in family]
    # A terminal sends Ctrl-C to the whole group. Only the lab may be in it, so that it can stop the others in order.
    assert lab.pid not in {os.getpgid(pid) for pid in family}
    os.killpg(lab.pid, how)
    code = lab.wait(PATIENCE_S)
    assert ended_within(handles, PATIENCE_S)
    for handle in handles:
        os.close(handle)
    assert code == {signal.SIGKILL: -signal.SIGKILL}.get(how, 0)


def test_a_program_that_dies_ends_the_lab_with_its_last_words(start: Start, tmp_path: Path) -> None:
    lab = start("lab", "run", "--dir", tmp_path, "--port", "0", "--starter")
    lines_until(lab, "Ctrl-C")
    (gateway,) = [pid for pid, command in family_of(lab.pid).items() if "visitbridge run" in command]
    os.kill(gateway, signal.SIGKILL)
    said, _ = lab.communicate(timeout=PATIENCE_S)
    assert lab.returncode == 1
    assert "visitbridge ended with -9" in said


def test_a_taken_port_moves_on_and_a_second_lab_in_the_folder_is_refused(
    start: Start, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        lab = start("lab", "run", "--dir", tmp_path, "--port", str(port), "--starter")
        said = lines_until(lab, "Ctrl-C")
    assert "https://127.0.0.1:" in said
    assert f"https://127.0.0.1:{port}/" not in said
    second = start("lab", "run", "--dir", tmp_path)
    assert "already runs" in second.communicate(timeout=PATIENCE_S)[0]
    assert second.returncode == 78


def test_the_shipped_day_is_replayed_step_by_step(start: Start) -> None:
    day = start("simulate", FIRST_VISIT, "--port", "0", "--starter")
    said, _ = day.communicate(timeout=PATIENCE_S)
    assert day.returncode == 0, said
    assert "✗" not in said
    assert said.count("✓") == FIRST_VISIT.read_text("utf-8").count("[[steps]]")


def test_a_day_that_goes_otherwise_says_where_and_ends_with_1(start: Start, tmp_path: Path) -> None:
    lab = start("lab", "run", "--dir", tmp_path, "--port", "0", "--starter", "--bind-box")
    assert "已綁定" in lines_until(lab, "Ctrl-C")
    path = tmp_path / "wrong.toml"
    path.write_text(
        'title = "t"\n[[steps]]\ndo = "bind"\n'
        '[[steps]]\ndo = "look"\nwithin_s = 0\napi = "/api/state"\nwhere = [{ at = "box.bound", equals = false }]\n'
    )
    day = start("simulate", path, "--against", tmp_path)
    said, _ = day.communicate(timeout=PATIENCE_S)
    assert (day.returncode, "step 2" in said, "box.bound is True, not False" in said) == (1, True, True)
