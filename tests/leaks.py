"""What a test may leave behind: nothing. `tests/conftest.py` compares these before and after every test."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path


def threads() -> set[threading.Thread]:
    """Threads that keep the interpreter from ending."""
    # An event loop names its own pool asyncio_N and joins it when it closes, which is after the test.
    return {
        thread
        for thread in threading.enumerate()
        if thread.is_alive() and not thread.daemon and not thread.name.startswith("asyncio_")
    }


def children() -> set[tuple[int, str]]:
    """Child processes as (pid, command line), those that ended unreaped included."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return set()
    me = os.getpid()
    found = {(pid, _command_line(pid)) for pid in _pids() if _parent(pid) == me}
    # multiprocessing starts its tracker once per interpreter and ends it itself.
    return {(pid, command) for pid, command in found if "multiprocessing.resource_tracker" not in command}


def tasks() -> set[asyncio.Task[object]]:
    """Unfinished tasks of the running loop, the caller's own excepted."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task() and not task.done()}


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name stands in parentheses and may itself hold any of them: proc(5).
    return int(stat.rpartition(")")[2].split()[1])


def _command_line(pid: int) -> str:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return raw.replace(b"\0", b" ").decode("utf-8", "replace").strip()
