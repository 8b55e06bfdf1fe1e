"""The store against its rivals: durable accepts, syncs, take and ack, cost at depth.

    python -m tests.bench.bench_store [--quick] [--dir DIR]

Goals (docs/decisions): an accept alone ≥ 0.7× one bare ``sqlite3`` WAL+FULL row committed from asyncio; ≥ 3× and
≤ 0.1 syncs each with 32 at once, encrypted; take and ack ≥ 1.5× persist-queue's; cost flat (≤ 1.2×) up to 100,000 jobs.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import hashlib
import itertools
import os
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import persistqueue

from tests.bench import measure
from visitbridge.adapters.store import SqlStore, open_store
from visitbridge.domain.jobs import LINK, Job, JobState
from visitbridge.ports.store import Transaction
from visitbridge.sim.clock import FakeClock

BODY = os.urandom(1024).hex().encode()
DIGEST = hashlib.sha256(BODY).hexdigest()
KEY = bytes(range(32))
NOW = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)
SUBMITTERS = 32


def job(number: int, state: JobState = JobState.QUEUED) -> Job:
    return Job(
        job_id=f"0192f000-0000-7000-8000-{number:012d}",
        kind="upload.visit",
        key=f"0192f001-0000-7000-8000-{number:012d}",
        visit_id=f"0192f002-0000-7000-8000-{number // 3:012d}",
        position=number % 3,
        state=state,
        needs=(LINK,),
        payload=BODY,
        digest=DIGEST,
        revision=1,
        created_at=NOW,
        due_at=NOW + dt.timedelta(hours=24),
    )


def add_all(jobs: Sequence[Job], tx: Transaction) -> None:
    for one in jobs:
        tx.jobs.add(one)


async def drive(submit: Callable[[int], Awaitable[Any]], numbers: Iterator[int], submitters: int) -> float:
    """Accepts a second, ``submitters`` at once until the numbers are used up."""
    count = 0

    async def submitter() -> None:
        nonlocal count
        for number in numbers:
            await submit(number)
            count += 1

    begin = time.perf_counter()
    await asyncio.gather(*(submitter() for _ in range(submitters)))
    return count / (time.perf_counter() - begin)


def bare(path: Path, count: int) -> float:
    """One row a commit in plain sqlite3, in one thread, from asyncio: what everybody writes first."""

    def opened() -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS q (id INTEGER PRIMARY KEY, body BLOB NOT NULL, state INTEGER)"
        )
        return connection

    async def run() -> float:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as thread:
            connection = await loop.run_in_executor(thread, opened)
            sql = "INSERT INTO q (body, state) VALUES (?, 0)"
            rate = await drive(
                lambda _: loop.run_in_executor(thread, connection.execute, sql, (BODY,)),
                iter(range(count)),
                1,
            )
            await loop.run_in_executor(thread, connection.close)
        return rate

    return asyncio.run(run())


def ours(path: Path, first: int, count: int, submitters: int) -> float:
    async def run() -> float:
        async with open_store(path, KEY, clock=FakeClock()) as store:
            return await drive(
                lambda number: store.write(lambda tx: tx.jobs.add(job(number))),
                iter(range(first, first + count)),
                submitters,
            )

    return asyncio.run(run())


def accepts(folder: Path, count: int, rounds: int) -> dict[str, Any]:
    first = itertools.count(0, 10 * count)
    rates = measure.take_turns(
        {
            "bare": lambda: bare(folder / "bare.db", count),
            "alone": lambda: ours(folder / "ours.db", next(first), count, 1),
            "together": lambda: ours(folder / "ours.db", next(first), 4 * count, SUBMITTERS),
        },
        rounds,
    )
    return {
        "per_s": {name: measure.spread(values, 0) for name, values in rates.items()},
        "alone_vs_bare": measure.ratio(rates["alone"], rates["bare"]),
        "32_at_once_vs_bare": measure.ratio(rates["together"], rates["bare"]),
    }


def syncs(folder: Path, count: int) -> dict[str, float]:
    """Syncs per accept: those of a process that accepts, less those of one that only opens and closes."""

    def run(accepting: int, submitters: int) -> int:
        child = [sys.executable, "-m", "tests.bench.bench_store", "--child", str(folder / "syncs.db")]
        return measure.count_syncs([*child, str(next(first)), str(accepting), str(submitters)])

    first = itertools.count(0, 10 * count)
    run(0, 1)
    idle = run(0, 1)
    return {
        "alone": round((run(count, 1) - idle) / count, 3),
        "32_at_once": round((run(4 * count, SUBMITTERS) - idle) / (4 * count), 3),
    }


async def take_and_ack(store: SqlStore, job_ids: Sequence[str]) -> float:
    """Lease the next job in the commit that settles the last one, as the engine does, whose index knows which is next."""

    def step(tx: Transaction, done: Job | None, job_id: str | None) -> Job | None:
        if done is not None:
            settled = msgspec.structs.replace(done, state=JobState.CONFIRMED, settled_at=NOW)
            tx.jobs.replace(settled, fence=done.fence)
        queued = tx.jobs.get(job_id) if job_id is not None else None
        if queued is None:
            return None
        leased = msgspec.structs.replace(queued, state=JobState.LEASED, fence=queued.fence + 1)
        tx.jobs.replace(leased, fence=queued.fence)
        return leased

    begin = time.perf_counter()
    held: Job | None = None
    for job_id in (*job_ids, None):
        held = await store.write(functools.partial(step, done=held, job_id=job_id))
    return len(job_ids) / (time.perf_counter() - begin)


def ours_take_and_ack(path: Path, first: int, count: int) -> float:
    async def run() -> float:
        async with open_store(path, KEY, clock=FakeClock()) as store:
            jobs = [job(first + 3 * n) for n in range(count)]
            await store.write(functools.partial(add_all, jobs))
            return await take_and_ack(store, [each.job_id for each in jobs])

    return asyncio.run(run())


def persist_queue_take_and_ack(path: Path, count: int) -> float:
    async def run() -> float:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as thread:

            def open_and_fill() -> persistqueue.SQLiteAckQueue:
                rival = persistqueue.SQLiteAckQueue(str(path), auto_commit=True, multithreading=True)
                for _ in range(count):
                    rival.put(BODY)
                return rival

            rival = await loop.run_in_executor(thread, open_and_fill)

            def step() -> None:
                rival.ack(rival.get(block=False))

            begin = time.perf_counter()
            for _ in range(count):
                await loop.run_in_executor(thread, step)
            rate = count / (time.perf_counter() - begin)
            await loop.run_in_executor(thread, rival.close)
        return rate

    return asyncio.run(run())


def taking(folder: Path, count: int, rounds: int) -> dict[str, Any]:
    first = itertools.count(10**8, 10 * count)
    rates = measure.take_turns(
        {
            "ours": lambda: ours_take_and_ack(folder / "take.db", next(first), count),
            "persist_queue_ack": lambda: persist_queue_take_and_ack(folder / f"rival-{next(first)}", count),
        },
        rounds,
    )
    return {
        "per_s": {name: measure.spread(values, 0) for name, values in rates.items()},
        "ours_vs_persist_queue": measure.ratio(rates["ours"], rates["persist_queue_ack"]),
    }


def depth(folder: Path, deep: int, count: int, rounds: int) -> dict[str, Any]:
    """Cost of an accept in an empty store and in one with ``deep`` settled jobs."""

    async def fill(path: Path) -> None:
        async with open_store(path, KEY, clock=FakeClock()) as store:
            for start in range(0, deep, 2000):
                numbers = range(start, min(start + 2000, deep))
                await store.write(functools.partial(add_all, [job(i, JobState.CONFIRMED) for i in numbers]))

    asyncio.run(fill(folder / "deep.db"))
    first = itertools.count(10**9, 10 * count)
    fresh = itertools.count()
    rates = measure.take_turns(
        {
            "empty": lambda: ours(folder / f"empty-{next(fresh)}.db", next(first), count, 1),
            "deep": lambda: ours(folder / "deep.db", next(first), count, 1),
        },
        rounds,
    )
    return {"jobs": deep, "cost_deep_vs_empty": measure.ratio(rates["empty"], rates["deep"])}


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        ours(Path(sys.argv[2]), *map(int, sys.argv[3:]))
        return
    options = measure.arguments(__doc__ or "")
    count, rounds, deep = (200, 3, 5_000) if options.quick else (1000, 9, 100_000)
    with measure.open_folder(options.dir) as folder:
        measure.report(
            "store",
            {
                "accept": accepts(folder, count, rounds),
                "syncs_per_accept": syncs(folder, count),
                "take_and_ack": taking(folder, count // 2, rounds),
                "depth": depth(folder, deep, count // 2, rounds),
            },
        )


if __name__ == "__main__":
    main()
