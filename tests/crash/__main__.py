"""``./dev crash``: the whole proof, with progress; ends with one line, 'N passed, N failed', and that as its status."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.crash.case import Case, Outcome, run_case
from tests.crash.matrix import explore, kinds_of, lay_out, spread
from tests.crash.world import World, open_world


class Progress:
    """One line that is written over on a terminal, and a line now and then elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._began_s = time.monotonic()
        self._done = 0
        self._every = 1 if sys.stderr.isatty() else 50
        self.failed = 0

    @property
    def passed(self) -> int:
        return self._done - self.failed

    def note(self, outcome: Outcome) -> None:
        self._done += 1
        if outcome.wrong:
            self.failed += 1
            _say(f"FAILED {outcome.case.name}: {'; '.join(outcome.wrong)}")
        if self._done % self._every == 0 or self._done == self._total:
            each_s = (time.monotonic() - self._began_s) / self._done
            left_s = each_s * (self._total - self._done)
            end = "\r" if sys.stderr.isatty() and self._done < self._total else "\n"
            _say(f"case {self._done}/{self._total}, {self.failed} failed, ETA {left_s:.0f} s   ", end)


def _say(text: str, end: str = "\n") -> None:
    sys.stderr.write(text + end)
    sys.stderr.flush()


async def run_matrix(world: World, choose: Callable[[tuple[Case, ...]], tuple[Case, ...]]) -> tuple[int, int]:
    """Passed and failed."""
    kinds = await kinds_of(world)
    walks = [outcome async for outcome in explore(world, kinds)]
    matrix = lay_out(kinds, walks)
    cases = choose(matrix.cases)
    progress = Progress(len(walks) + len(cases))
    for walk in walks:
        progress.note(walk)
    for edge in matrix.unreached:
        _say(f"FAILED no way leads to {edge}")
    for case in cases:
        progress.note(await run_case(world, case))
    return progress.passed, progress.failed + len(matrix.unreached)


async def _main(arguments: argparse.Namespace) -> int:
    folder = Path(tempfile.mkdtemp(prefix="vbcrash-"))
    _say(f"crash matrix in {folder}")
    async with open_world(folder) as world:
        passed, failed = await run_matrix(world, lambda cases: spread(cases, arguments.sample or len(cases)))
    if not failed:
        shutil.rmtree(folder)
    _say(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev crash", description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="only so many cases, spread evenly")
    return asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
