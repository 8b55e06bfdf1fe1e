"""Opens what a cut left, by the store's own code, and compares it with what had been promised by then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from tests.adapters.store.builders import KEY
from tests.powercut.life import BACKUP, Step, audit_entry
from visitbridge.adapters.store import backup, open_store
from visitbridge.domain.jobs import JobState
from visitbridge.errors import StoreError
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Transaction
from visitbridge.protocols.datacentre.audit_trail import FIRST_CHAIN, chain_of
from visitbridge.sim.clock import FakeClock

Row = tuple[str, str]
"""Kind and id: of a visit or job with its former revisions, a receipt, an audit entry."""

_ALL = 100_000


class Promises:
    """Which steps were asked for, and which of them had been answered as saved, at a moment of the recording.
    ``copied``: numbers of the backups that were said to be complete.
    """

    def __init__(self) -> None:
        self.asked: set[int] = set()
        self.saved: set[int] = set()
        self.copied: set[int] = set()

    def note(self, word: str, number: int) -> None:
        {"asked": self.asked, "saved": self.saved, "copied": self.copied}[word].add(number)


class Finding(msgspec.Struct, frozen=True):
    """``lost``: acknowledged rows that are gone or older than acknowledged. ``corrupt``: why the disk is no
    store, or holds what was never asked for, or a part of a transaction; empty when it is sound.
    """

    lost: tuple[Row, ...]
    corrupt: str


class Judge:
    """Knows every value that each row ever had, and the step that gave it."""

    def __init__(self, steps: Mapping[int, Step]) -> None:
        self._values: dict[Row, list[tuple[int, object]]] = defaultdict(list)
        self._rows_of: dict[int, set[Row]] = defaultdict(set)
        now: dict[Row, tuple[object, ...]] = {}
        for number, step in steps.items():
            for row, value in tuple(_changes(number, step, now)):
                now[row] = value
                self._values[row].append((number, value))
                self._rows_of[number].add(row)

    async def look(self, path: Path, promises: Promises) -> Finding:
        """Open the store at ``path``, read all of it, and save one more thing; check the backup beside it."""
        copy = path.with_name(BACKUP)
        if promises.copied and not copy.exists():
            return Finding(lost=(("backup", BACKUP),), corrupt="")
        try:
            if copy.exists():
                backup.verify(copy, KEY)
            async with open_store(path, KEY, clock=FakeClock()) as store:
                seen = await store.read(read_all)
                await store.write(lambda tx: tx.settings.set("after the cut", "still writes"))
        except StoreError as exc:
            return Finding(lost=(), corrupt=f"{type(exc).__name__}: {exc}")
        except msgspec.DecodeError:
            return Finding(lost=(), corrupt="a row does not read back")
        except _ChainBroken:
            return Finding(lost=(), corrupt="the audit trail's chain is broken")
        return self.compare(seen, promises)

    def compare(self, seen: Mapping[Row, object], promises: Promises) -> Finding:
        lost: list[Row] = []
        there: set[tuple[int, Row]] = set()
        for row in self._values.keys() | seen.keys():
            asked = [(-1, ()), *((n, value) for n, value in self._values[row] if n in promises.asked)]
            at = [index for index, (_, value) in enumerate(asked) if value == seen.get(row, ())]
            if not at:
                return Finding(lost=(), corrupt=f"{row} holds what nobody asked for")
            there.update((number, row) for number, _ in asked[: at[-1] + 1])
            if any(number in promises.saved for number, _ in asked[at[-1] + 1 :]):
                lost.append(row)
        for number in promises.asked - promises.saved:
            rows = {(number, row) for row in self._rows_of[number]}
            if rows & there and rows - there:
                return Finding(lost=tuple(lost), corrupt=f"step {number} is there in part")
        return Finding(lost=tuple(lost), corrupt="")


def _changes(
    number: int, step: Step, now: Mapping[Row, tuple[object, ...]]
) -> Iterator[tuple[Row, tuple[object, ...]]]:
    for visit in step.visits:
        row = ("visit", visit.visit_id)
        yield row, (*now.get(row, ()), visit)
    for job in step.jobs:
        row = ("job", job.job_id)
        former = now.get(row, ())
        is_new_revision = bool(former) and getattr(former[-1], "revision", 0) != job.revision
        yield row, (*(former if is_new_revision else former[:-1]), job)
    for receipt, _ in step.receipts:
        yield ("receipt", receipt.key), (receipt,)
    for visit_id in step.clears:
        yield from ((row, ()) for row in now if _belongs(now[row], row, visit_id, now))
    yield ("audit", str(number)), (audit_entry(number, step),)


def _belongs(
    value: tuple[object, ...], row: Row, visit_id: str, now: Mapping[Row, tuple[object, ...]]
) -> bool:
    """Whether a row goes when this visit is cleared: the visit, its jobs, and their receipts."""
    if row[0] == "receipt":
        keys = {
            (getattr(job, "key", ""), getattr(job, "visit_id", ""))
            for (kind, _), jobs in now.items()
            if kind == "job"
            for job in jobs
        }
        return (row[1], visit_id) in keys
    return bool(value) and getattr(value[-1], "visit_id", "") == visit_id


class _ChainBroken(Exception):
    pass


def read_all(tx: Transaction) -> dict[Row, object]:
    """Every row that a life knows of, and any other that is there."""
    seen: dict[Row, object] = {}
    for summary in tx.visits.summaries(limit=_ALL):
        visit_id = summary.visit_id
        seen["visit", visit_id] = (*tx.visits.revisions(visit_id), tx.visits.get(visit_id))
    for job in tx.jobs.in_states(list(JobState), limit=_ALL):
        seen["job", job.job_id] = (*tx.jobs.revisions(job.job_id), job)
    for key in tx.receipts.unconfirmed("no epoch has this name", limit=_ALL):
        seen["receipt", key] = (tx.receipts.get(key),)
    for entry in _audit_entries(tx):
        seen["audit", entry.why] = (entry,)
    return seen


def _audit_entries(tx: Transaction) -> Iterator[AuditEntry]:
    chain = FIRST_CHAIN
    for expected, row in enumerate(tx.audit.rows(limit=_ALL), start=1):
        chain = chain_of(chain, row.entry)
        if (row.number, row.chain) != (expected, chain):
            raise _ChainBroken
        yield row.entry
