"""``./dev readers``: readers and pcscd under fire; ends with one line, 'N passed, N failed', and that as its status."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.reader_frames_full import play as play_frames
from tests.readers.faults import Loss, run_cases
from tests.readers.soak import MOST_READERS, Footprint, insert_and_pull, open_bay, restart_pcscd
from tests.readers.stand import RACKS, open_stand

_MOST_GROWTH_BYTES = 8 << 20
_SAY_EVERY = 25


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


async def run_faults() -> tuple[int, int]:
    """Every loss at every command, on readers of this process and on a real pcscd; passed and failed."""
    passed = failed = 0
    for name, open_rack in RACKS.items():
        with tempfile.TemporaryDirectory(prefix="vb-readers-") as folder:
            async with open_stand(Path(folder), open_rack) as stand:
                async for case, wrong in run_cases(stand, tuple(Loss), every=1):
                    if wrong:
                        failed += 1
                        _say(f"FAILED {name}, {case.loss} at command {case.nth}: {'; '.join(wrong)}")
                    else:
                        passed += 1
                    if (passed + failed) % _SAY_EVERY == 0:
                        _say(f"{name}: {passed + failed} losses so far, {failed} failed")
    return passed, failed


async def run_soak(cards: int, restarts: int) -> tuple[int, int]:
    """Cards in and out, then pcscd killed and started; promises kept and broken."""
    async with open_bay(MOST_READERS) as bay:
        moving = await insert_and_pull(bay, cards, _noting("cards"))
        dying = await restart_pcscd(bay, restarts, _noting("restarts"))
    promises = {
        "threads flat": _is_flat(moving, lambda held: held.threads)
        and _is_flat(dying, lambda held: held.threads),
        "descriptors flat": _is_flat(moving, lambda held: held.descriptors)
        and _is_flat(dying, lambda held: held.descriptors),
        "memory flat": all(
            held[-1].resident_bytes <= held[len(held) // 3].resident_bytes + _MOST_GROWTH_BYTES
            for held in (moving, dying)
        ),
    }
    for promise, kept in promises.items():
        if not kept:
            _say(f"FAILED soak: {promise}")
    return sum(promises.values()), len(promises) - sum(promises.values())


def _is_flat(held: list[Footprint], measure: Callable[[Footprint], int]) -> bool:
    return len({measure(footprint) for footprint in held}) == 1


def _noting(what: str) -> Callable[[Footprint], None]:
    began_s = time.monotonic()
    rounds = itertools.count(1)

    def note(held: Footprint) -> None:
        if next(rounds) % _SAY_EVERY in {0, 1}:
            _say(
                f"{held.cycles} {what} in {time.monotonic() - began_s:.0f} s: {held.threads} threads, "
                f"{held.descriptors} descriptors, {held.resident_bytes / (1 << 20):.1f} MiB"
            )

    return note


def run_frames() -> tuple[int, int]:
    """A million damaged frames of Bluetooth readers, from seeds of the moment; what went wrong is raised with its seed."""
    _say(play_frames(time.time_ns() // 1_000_000_000))
    return 1, 0


async def _main(arguments: argparse.Namespace) -> int:
    passed = failed = 0
    if arguments.part in {"all", "faults"}:
        passed, failed = await run_faults()
    if arguments.part in {"all", "soak"}:
        kept, broken = await run_soak(arguments.cards, arguments.restarts)
        passed, failed = passed + kept, failed + broken
    if arguments.part in {"all", "frames"}:
        kept, broken = run_frames()
        passed, failed = passed + kept, failed + broken
    _say(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev readers", description=__doc__)
    parser.add_argument("part", nargs="?", choices=("all", "faults", "soak", "frames"), default="all")
    parser.add_argument(
        "--cards", type=int, default=10_000, help="how many cards the soak puts in and takes out"
    )
    parser.add_argument("--restarts", type=int, default=50, help="how often it kills pcscd")
    return asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
