"""A worker that limited itself: no file, no core, no more memory or processor time than it took for itself."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

LIMITED = """
import sys
from visitbridge.adapters.worker_limits import limit_self
limit_self(memory_bytes=256 << 20, processor_s=1)
"""


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LIMITED + program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def test_what_it_is_for_still_works() -> None:
    assert run("sys.stdout.write(sys.stdin.read() + 'done')").stdout == "done"


def test_it_writes_no_file(tmp_path: Path) -> None:
    ended = run("open(sys.argv[1], 'wb', buffering=0).write(b'x')", str(tmp_path / "file"))

    assert ended.returncode != 0
    assert (tmp_path / "file").read_bytes() == b""


def test_it_takes_no_more_memory() -> None:
    assert "MemoryError" in run("bytearray(512 << 20)").stderr


def test_it_ends_when_its_time_is_used_up() -> None:
    assert run("while True: pass").returncode in {-signal.SIGXCPU, -signal.SIGKILL}


@pytest.mark.parametrize("limit", ["RLIMIT_CORE", "RLIMIT_FSIZE"])
def test_it_cannot_take_that_back(limit: str) -> None:
    ended = run(f"import resource\nsys.stdout.write(str(resource.getrlimit(resource.{limit})))")

    assert ended.stdout == "(0, 0)"
