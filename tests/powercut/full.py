"""The full form, with progress: several lives, cut after every operation, and two runs that have to fail."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from tests.powercut.cuts import Found, explore
from tests.powercut.judge import Judge
from tests.powercut.life import life, steps_of
from tests.powercut.recording import record

LIVES = 5
FEWEST_DISKS = 10_000
_PROGRESS_EVERY_S = 5.0


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


class Progress:
    """A line now and then: where this life is, and when it will be through."""

    def __init__(self, title: str, operations: int) -> None:
        self._title = title
        self._operations = operations
        self._began_s = self._told_s = time.monotonic()

    def note(self, found: Found) -> None:
        now = time.monotonic()
        if now - self._told_s < _PROGRESS_EVERY_S and found.operations < self._operations:
            return
        self._told_s = now
        left_s = (now - self._began_s) / found.operations * (self._operations - found.operations)
        _say(
            f"{self._title}: operation {found.operations}/{self._operations}, {found.disks} disks,"
            f" {found.bad} bad, ETA {left_s:.0f} s"
        )


async def run_power_cuts(folder: Path) -> tuple[int, int]:
    """Passed and failed; a disk is a case, and so is a store weakened on purpose, which has to be found out."""
    distinct = passed = failed = 0
    for variant in range(LIVES):
        found = await _cut(folder / str(variant), variant, "FULL")
        distinct += found.distinct
        passed += found.disks - found.bad
        failed += found.bad
        for words in found.first_bad:
            _say(f"FAILED life {variant}, {words}")
    _say(f"{distinct} distinct disks")
    if distinct < FEWEST_DISKS:
        failed += 1
        _say(f"FAILED fewer than {FEWEST_DISKS} distinct disks")
    for synchronous in ("NORMAL", "OFF"):
        found = await _cut(folder / synchronous, 0, synchronous, every=10)
        passed += found.losing > 0
        failed += found.losing == 0
        _say(
            f"synchronous={synchronous}, which must lose: {found.losing} of {found.disks} disks lost something"
        )
    return passed, failed


async def _cut(work: Path, variant: int, synchronous: str, *, every: int = 1) -> Found:
    recording = await asyncio.to_thread(record, work, variant, synchronous)
    progress = Progress(f"life {variant}, synchronous={synchronous}", len(recording))
    judge = Judge(steps_of(life(variant)))
    return await explore(recording, judge, work, every=every, when_cut=progress.note)
