"""What the benchmarks share: rivals take turns in one run, and ratios are medians over the rounds.

Absolute figures belong to one machine at one moment; the ratios carry over.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def arguments(description: str) -> argparse.Namespace:
    """``--quick`` for seconds instead of minutes; ``--dir`` to measure the disk that matters."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="small counts: does it run, roughly")
    parser.add_argument(
        "--dir", type=Path, default=None, help="where the files go (default: a temporary folder)"
    )
    return parser.parse_args()


@contextmanager
def open_folder(base: Path | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="visitbridge-bench-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def take_turns(cases: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Every case once per round, each round starting with another one."""
    results: dict[str, list[float]] = {name: [] for name in cases}
    names = list(cases)
    for turn in range(rounds):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            results[name].append(cases[name]())
    return results


def spread(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
    }


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    """Of rates, round by round: above 1 is faster."""
    return spread([a / b for a, b in zip(ours, theirs, strict=True)])


def percentiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {
        name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3, 3)
        for name, share in at.items()
    }


def count_syncs(command: Sequence[str]) -> int:
    """fsync and fdatasync calls of a command and its threads, counted by strace."""
    with tempfile.NamedTemporaryFile("r", suffix=".strace") as log:
        subprocess.run(
            ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", log.name, *command], check=True
        )
        return sum("sync(" in line for line in log)


def report(name: str, result: Mapping[str, Any]) -> None:
    machine = {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
    }
    json.dump({"bench": name, "machine": machine, "result": result}, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
