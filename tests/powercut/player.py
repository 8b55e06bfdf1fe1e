"""The program under the knife: plays a life through the public store, and notes in a file what was asked and answered.

python -m tests.powercut.player DATABASE NOTES VARIANT SYNCHRONOUS
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.adapters.store.builders import KEY
from tests.powercut.life import BACKUP, EPOCH, Step, audit_entry, life
from visitbridge.adapters.store import SqlStore, binding, open_store, sql_store
from visitbridge.ports.store import Transaction
from visitbridge.sim.clock import FakeClock

CHECKPOINT_EVERY = 12
"""Commits; fewer than the daemon's, so that a short life meets many checkpoints and a WAL that is written over."""


class Notes:
    """One write for each word, so that a trace of system calls has them in order with those of the store."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)

    def add(self, word: str, number: int) -> None:
        os.write(self._fd, f"{word} {number}\n".encode())


def carry_out(tx: Transaction, number: int, step: Step) -> None:
    """The transaction of one step. Raises RuntimeError when the store does not do as it is told."""
    for visit in step.visits:
        tx.visits.put(visit)
    for job in step.jobs:
        stored = tx.jobs.get(job.job_id)
        if stored is None:
            tx.jobs.add(job)
        elif not tx.jobs.replace(job, fence=stored.fence):
            raise RuntimeError("the store refused a fence")
    for receipt, job_id in step.receipts:
        tx.receipts.add(receipt, job_id=job_id)
    if step.clears:
        cleared = tx.visits.clear(step.clear_before, epoch=EPOCH, limit=len(step.clears))
        if cleared != len(step.clears):
            raise RuntimeError("the store did not clear what was due")
    tx.audit.append(audit_entry(number, step))


async def play(path: Path, notes: Notes, variant: int) -> None:
    async def commit(store: SqlStore, number: int, step: Step) -> None:
        notes.add("asked", number)
        await store.write(lambda tx: carry_out(tx, number, step))
        notes.add("saved", number)

    async def back_up(store: SqlStore, number: int) -> None:
        await store.back_up(path.with_name(BACKUP))
        notes.add("copied", number)

    for act in life(variant):
        async with open_store(path, KEY, clock=FakeClock()) as store:
            for group in act.groups:
                copying = [back_up(store, group.backup)] if group.backup else []
                await asyncio.gather(*(commit(store, number, step) for number, step in group.steps), *copying)


def weaken(synchronous: str) -> None:
    """Let the store open its files with another ``synchronous`` than its own: what the harness has to notice."""
    connect = binding.connect_encrypted

    def connect_weakened(path: Path, key: bytes) -> binding.Connection:
        connection = connect(path, key)
        connection.execute(f"PRAGMA synchronous={synchronous}")
        return connection

    binding.connect_encrypted = connect_weakened


def main() -> None:
    database, notes, variant, synchronous = sys.argv[1:]
    if synchronous != "FULL":
        weaken(synchronous)
    sql_store._CHECKPOINT_WHEN_IDLE = CHECKPOINT_EVERY  # type: ignore[misc]  # the daemon's own is Final
    asyncio.run(play(Path(database), Notes(Path(notes)), int(variant)))


if __name__ == "__main__":
    main()
