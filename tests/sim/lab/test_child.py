"""Programs of the lab, played by a small module of this test's own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from visitbridge.errors import DeviceError
from visitbridge.sim.lab.child import Child

_PROGRAM = """
import json, os, signal, sys, time
act = sys.argv[1]
print("before", flush=True)
if act == "fail":
    print("no such file", file=sys.stderr)
    sys.exit(3)
if act == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if act != "silent":
    print(json.dumps({"event": "ready", "pid": os.getpid(), "port": 1}), flush=True)
print("after", flush=True)
if act == "short":
    sys.exit(4)
time.sleep(60)
"""


@pytest.fixture
def log_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "program_of_a_test.py").write_text(_PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "log"


def child(act: str, log_path: Path) -> Child:
    return Child("program_of_a_test", [act], log_path=log_path)


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_it_says_that_it_is_ready(log_path: Path) -> None:
    program = child("go", log_path)
    facts = await program.start(within_s=10)
    assert (facts["port"], facts["pid"]) == (1, program.pid)
    await program.stop()
    assert not is_alive(int(facts["pid"]))


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_an_end_on_order_is_no_trouble_and_it_can_start_again(log_path: Path, end: str) -> None:
    program = child("go", log_path)
    trouble = asyncio.create_task(program.wait_trouble())
    for _ in range(2):
        await program.start(within_s=10)
        await getattr(program, end)()
    assert not trouble.done()
    trouble.cancel()


async def test_an_end_without_order_is_trouble_with_its_last_words(log_path: Path) -> None:
    program = child("short", log_path)
    await program.start(within_s=10)
    words = await program.wait_trouble()
    assert words.startswith("program_of_a_test ended with 4")
    assert words.endswith("before\nafter\n")
    await program.stop()


async def test_one_that_ends_instead_of_getting_ready_says_why(log_path: Path) -> None:
    program = child("fail", log_path)
    with pytest.raises(DeviceError, match="no such file"):
        await program.start(within_s=10)
    await program.stop()


async def test_one_that_never_gets_ready_is_given_up_and_stopped(log_path: Path) -> None:
    program = child("silent", log_path)
    with pytest.raises(DeviceError, match="was not ready within"):
        await program.start(within_s=0.3)
    pid = program.pid
    await program.stop()
    assert pid is not None
    assert not is_alive(pid)


async def test_one_that_does_not_stop_is_killed(log_path: Path) -> None:
    program = child("stubborn", log_path)
    facts = await program.start(within_s=10)
    await program.stop(within_s=0.2)
    assert not is_alive(int(facts["pid"]))


async def test_run_waits_for_the_end(log_path: Path) -> None:
    with pytest.raises(DeviceError, match="ended with 4"):
        await child("short", log_path).run(within_s=10)
