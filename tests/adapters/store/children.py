"""Programs that the store's tests run in a process of their own, to have the ground pulled from under them.

Each prints one line per answer and flushes it, so that whoever killed it knows what was promised.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.adapters.store.builders import KEY, job, save
from visitbridge.adapters.store import SqlStore, open_store
from visitbridge.domain.jobs import JobState
from visitbridge.errors import StoreError
from visitbridge.sim.clock import FakeClock

PAYLOAD = b"x" * 3000


def tell(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - the parent reads it


async def stored(store: SqlStore) -> list[str]:
    found = await store.read(lambda tx: tx.jobs.in_states(list(JobState), limit=100_000))
    return sorted(one.job_id for one in found)


async def put(store: SqlStore, name: str) -> None:
    """Save one job and say what became of it: ``saved``, ``refused CODE`` or ``unknown CODE``."""
    try:
        await save(store, job(name, payload=PAYLOAD))
    except StoreError as exc:
        tell({"later": "refused", "never": "refused", "unknown": "unknown"}[exc.retry], name, exc.code)
    else:
        tell("saved", name)


async def one_by_one(path: Path, count: int) -> None:
    """Save jobs one after another, then open the file anew and tell what is in it."""
    async with open_store(path, KEY, clock=FakeClock()) as store:
        tell("open")
        for number in range(count):
            await put(store, f"job-{number:04d}")
    async with open_store(path, KEY, clock=FakeClock()) as store:
        for name in await stored(store):
            tell("stored", name)


async def until_full_then_freed(path: Path, count: int) -> None:
    """Save until the disk refuses ``count`` times, remove the file ``ballast`` beside it, save once more."""
    refused = 0
    async with open_store(path, KEY, clock=FakeClock()) as store:
        for number in range(10_000):
            try:
                await save(store, job(f"job-{number:04d}", payload=PAYLOAD))
            except StoreError as exc:
                tell("refused", f"job-{number:04d}", exc.code)
                refused += 1
                if refused == count:
                    break
            else:
                tell("saved", f"job-{number:04d}")
        (path.parent / "ballast").unlink()
        await put(store, "after")
    async with open_store(path, KEY, clock=FakeClock()) as store:
        for name in await stored(store):
            tell("stored", name)


async def together(path: Path, count: int) -> None:
    """Save from eight tasks at once until killed, or ``count`` jobs each are saved."""
    async with open_store(path, KEY, clock=FakeClock()) as store:
        tell("open")

        async def writer(which: int) -> None:
            for number in range(count):
                await put(store, f"job-{which}-{number:04d}")

        await asyncio.gather(*map(writer, range(8)))


PROGRAMS = {program.__name__: program for program in (one_by_one, until_full_then_freed, together)}

if __name__ == "__main__":
    asyncio.run(PROGRAMS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))
