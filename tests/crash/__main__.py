"""``./dev crash``: the whole proof, with progress; ends with one line, 'N passed, N failed', and that as its status."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.case import Outcome, run_case
from tests.crash.matrix import explore, kinds_of, lay_out, spread
from tests.crash.soak import SoakPlan, soak
from tests.crash.world import World, open_world
from tests.powercut.full import run_power_cuts

FULL_DAY = SoakPlan(visits=10_000, kills=50, kill_every=1200)
"""The kills fall into the first half, so that the last life is long enough to see memory grow."""
_LONGEST_LIFE_S = 1800.0
_MOST_GROWTH_BYTES = 8 << 20
_MOST_MORE_DESCRIPTORS = 4
"""The HTTPS pool holds at most eight connections, and how many are open at a moment varies."""


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


async def run_matrix(world: World, *, sample: int, only: str) -> tuple[int, int]:
    """Passed and failed."""
    kinds = tuple(kind for kind in await kinds_of(world) if only in {"", kind.name})
    walks = [outcome async for outcome in explore(world, kinds)]
    matrix = lay_out(kinds, walks)
    cases = spread(matrix.cases, sample or len(matrix.cases))
    progress = Progress(len(walks) + len(cases))
    for walk in walks:
        progress.note(walk)
    for edge in matrix.unreached:
        _say(f"FAILED no way leads to {edge}")
    for case in cases:
        progress.note(await run_case(world, case))
    return progress.passed, progress.failed + len(matrix.unreached)


async def run_soak(world: World) -> tuple[int, int]:
    """The long day; how many promises were kept and how many broken."""
    began_s = time.monotonic()
    result = await soak(world, await kinds_of(world), FULL_DAY, life_s=_LONGEST_LIFE_S)
    first, last = result.footprints[len(result.footprints) // 3], result.footprints[-1]
    _say(
        f"soak: {result.visits} visits, {result.kills} kills, {result.cuts} cuts, {result.lost_replies} lost "
        f"replies in {time.monotonic() - began_s:.0f} s; in the last life from visit {first.visits} to "
        f"{last.visits}: memory {first.resident_bytes >> 20} to {last.resident_bytes >> 20} MiB, "
        f"descriptors {first.descriptors} to {last.descriptors}"
    )
    promises = {
        "; ".join(result.wrong) or "all effects": not result.wrong,
        "memory flat": last.resident_bytes <= first.resident_bytes + _MOST_GROWTH_BYTES,
        "descriptors flat": last.descriptors <= first.descriptors + _MOST_MORE_DESCRIPTORS,
    }
    for promise, kept in promises.items():
        if not kept:
            _say(f"FAILED soak: {promise}")
    return sum(promises.values()), len(promises) - sum(promises.values())


def _folder(part: str) -> Path:
    """Power cuts are thousands of files that live for a millisecond: in memory, where that is possible."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder's own name is not to be guessed
    base = memory if part == "power" and memory.is_dir() else None
    return Path(tempfile.mkdtemp(prefix="vbcrash-", dir=base))


async def _run_part(part: str, folder: Path, *, sample: int, only: str) -> tuple[int, int]:
    """Passed and failed."""
    if part == "power":
        return await run_power_cuts(folder)
    async with open_world(folder) as world:
        if part == "matrix":
            return await run_matrix(world, sample=sample, only=only)
        return await run_soak(world)


async def _main(arguments: argparse.Namespace) -> int:
    passed = failed = 0
    for part in ("power", "matrix", "soak"):
        if arguments.part not in {"all", part}:
            continue
        folder = _folder(part)
        _say(f"{part} in {folder}")
        good, bad = await _run_part(part, folder, sample=arguments.sample, only=arguments.kind)
        passed, failed = passed + good, failed + bad
        if not bad:
            shutil.rmtree(folder)
    _say(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev crash", description=__doc__)
    parser.add_argument("part", nargs="?", choices=("all", "power", "matrix", "soak"), default="all")
    parser.add_argument("--sample", type=int, default=0, help="only so many cases, spread evenly")
    parser.add_argument("--kind", default="", help="only jobs of this kind, such as card.write_visit")
    return asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
