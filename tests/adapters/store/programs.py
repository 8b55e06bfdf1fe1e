"""Starting the programs of ``children.py``, as they are or with a fault injected by strace."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[3]


def command(program: str, path: Path, count: int) -> list[str]:
    return [sys.executable, "-m", "tests.adapters.store.children", program, str(path), str(count)]


def run(argv: Sequence[str]) -> dict[str, list[str]]:
    """Run to the end (a kill is an end too); what was told, names by their first word."""
    ended = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False, timeout=PATIENCE_S)
    return told(ended.stdout)


def told(output: str) -> dict[str, list[str]]:
    answers: dict[str, list[str]] = defaultdict(list)
    for line in output.splitlines():
        word, _, rest = line.partition(" ")
        answers[word].append(rest)
    return answers


def with_fault(argv: Sequence[str], fault: str) -> list[str]:
    """``fault`` in strace's own words, such as ``fsync:error=EIO:when=9``."""
    call = fault.partition(":")[0]
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={fault}", *argv]
