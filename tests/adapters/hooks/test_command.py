"""A configured command as a hook, with real processes: done, refused, too slow, not there."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from visitbridge.adapters.hooks import CommandHook
from visitbridge.errors import HookFailed


def python(script: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", script, *arguments)


async def test_the_command_has_run_when_the_hook_returns(tmp_path: Path) -> None:
    mark = tmp_path / "a name with $HOME; and spaces"

    await CommandHook(python("import sys; open(sys.argv[1], 'x').write(sys.stdin.read())", str(mark)))()

    assert mark.read_text() == ""


@pytest.mark.parametrize("status", [1, 3, 255])
async def test_another_status_than_0_is_a_failure(status: int) -> None:
    with pytest.raises(HookFailed, match=f"status {status}$"):
        await CommandHook(python(f"raise SystemExit({status})"))()


async def test_a_command_that_hangs_is_ended(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    hang = "import os, sys, signal; open(sys.argv[1], 'w').write(str(os.getpid())); signal.pause()"
    began_s = time.monotonic()

    with pytest.raises(HookFailed, match="not done within 2 s"):
        await CommandHook(python(hang, str(pid_file)), timeout_s=2.0)()

    assert time.monotonic() - began_s < 15
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


async def test_a_stop_of_the_daemon_leaves_no_command_behind(tmp_path: Path) -> None:
    fifo = tmp_path / "pid"
    os.mkfifo(fifo)
    hang = "import os, sys, signal; open(sys.argv[1], 'w').write(str(os.getpid())); signal.pause()"
    running = asyncio.ensure_future(CommandHook(python(hang, str(fifo)))())
    pid = int(await asyncio.to_thread(fifo.read_text))

    running.cancel()
    await asyncio.wait({running})

    assert running.cancelled()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("mode", "words"), [(None, "No such file"), (0o600, "Permission denied"), (0o700, "Exec format")]
)
async def test_a_command_that_cannot_be_run_says_why(tmp_path: Path, mode: int | None, words: str) -> None:
    program = tmp_path / "cut-power"
    for wanted in (mode,) if mode is not None else ():
        program.write_text("not a program")
        program.chmod(wanted)

    with pytest.raises(HookFailed, match=words):
        await CommandHook((str(program),))()
