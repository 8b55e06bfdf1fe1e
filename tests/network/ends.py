"""Programs at the ends of a wire, each in its network namespace, spoken to in JSON lines."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]


class End:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def hear(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def ask(self, line: object = "") -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        return self.hear()


@contextlib.contextmanager
def open_end(namespace: str, program: str, *arguments: str) -> Iterator[End]:
    """``program``: a file of this folder."""
    file = str(Path(__file__).with_name(program))
    paths = os.pathsep.join([str(ROOT), str(ROOT / "daemon")])
    with subprocess.Popen(
        ["ip", "netns", "exec", namespace, sys.executable, file, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    ) as process:
        try:
            yield End(process)
        finally:
            process.kill()


def until(condition: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
    limit_s = time.monotonic() + within_s
    for _ in itertools.takewhile(lambda _: time.monotonic() < limit_s, itertools.count()):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")
