"""Starts boxes quickly: a process that has imported the program and forks a box for every line it reads.

``python -m tests.crash.nursery``. Input: a :class:`tests.crash.words.Spec` a line. Output: the box's process id,
and its wait status once it is over. One box at a time.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
import sys
import traceback

import msgspec

from tests.crash.box import live
from tests.crash.words import Spec

_PR_SET_PDEATHSIG = 1


def main() -> None:
    gc.freeze()
    for line in sys.stdin.buffer:
        spec = msgspec.json.decode(line, type=Spec)
        pid = os.fork()
        if pid == 0:
            _be_a_box(spec)
        _say(pid)
        _, status = os.waitpid(pid, 0)
        _say(status)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _be_a_box(spec: Spec) -> None:
    """Never returns: what the nursery holds must not be cleaned up by its children."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    status = 1
    try:
        asyncio.run(live(spec))
        status = 0
    finally:
        if status:
            traceback.print_exc()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
