"""What really happened, read from the portal's database and from the cards' memory files; never from the box's words."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.crash.words import Job, Told
from tests.crash.world import Patient
from visitbridge.domain.jobs import JobState
from visitbridge.sim.card.nhi_memory import NhiMemory

_ONCE = frozenset({"take_sequence", "commit_visit", "begin_orders", "commit_orders"})
"""Changes of a card that have an effect of their own: another of them would be a second record or number."""

_EFFECTS = """
    SELECT r.kind FROM receipts r JOIN uploads u ON u.key = r.key WHERE instr(u.body, CAST(:id_no AS BLOB)) > 0
    UNION ALL
    SELECT r.kind FROM receipts r JOIN card_intents i ON i.key = r.key WHERE i.card_no = :card_no
"""


def broken_promises(portal_db: Path, told: Told, patient: Patient, other: Patient) -> tuple[str, ...]:
    """Nothing lost, nothing doubled, nothing on a wrong card, nothing left open; empty when all of it holds."""
    return (
        *_open(told.jobs),
        *_effects(portal_db, told.jobs, patient),
        *broken_card(
            patient,
            visits=sum(job.receipt_kind == "card_visit" for job in told.jobs),
            prescriptions=sum(job.receipt_kind == "card_prescription" for job in told.jobs),
        ),
        *_wrong_card(other),
    )


def _open(jobs: tuple[Job, ...]) -> Iterator[str]:
    for job in jobs:
        if job.state is not JobState.CONFIRMED:
            yield f"{job.kind} ended {job.state} ({job.error_code})"


def _effects(portal_db: Path, jobs: tuple[Job, ...], patient: Patient) -> Iterator[str]:
    wanted = Counter(job.receipt_kind for job in jobs if job.receipt_kind)
    with contextlib.closing(sqlite3.connect(f"file:{portal_db}?mode=ro", uri=True)) as connection:
        found = Counter(
            row[0]
            for row in connection.execute(_EFFECTS, {"card_no": patient.card_no, "id_no": patient.id_no})
        )
    if found != wanted:
        yield f"the portal has {dict(found)}, the box acknowledged {dict(wanted)}"


def broken_card(patient: Patient, *, visits: int, prescriptions: int) -> Iterator[str]:
    """What is wrong with a card that should hold so many visits and prescriptions, each written once."""
    memory = _memory(patient)
    if memory is None:
        if visits:
            yield "the card has no memory at all"
        return
    closed = [entry for entry in memory.entries if entry.visit == "closed"]
    if len(memory.entries) != visits or len(closed) != visits:
        yield f"{len(memory.entries)} visits on the card, {len(closed)} closed, {visits} wanted"
    if sum(memory.last_numbers.values()) != visits:
        yield f"numbers taken: {memory.last_numbers}, {visits} wanted"
    if sum(entry.orders_stage == "closed" for entry in closed) != prescriptions:
        yield f"orders {[entry.orders_stage for entry in closed]}, {prescriptions} wanted"
    for entry in memory.entries:
        for mutation, times in entry.mutations.items():
            if mutation in _ONCE and times != 1:
                yield f"{mutation} {times} times"
        if entry.orders_written != len(entry.orders):
            yield f"{entry.orders_written} orders written, {len(entry.orders)} on the card"


def _wrong_card(other: Patient) -> Iterator[str]:
    memory = _memory(other)
    if memory is not None and (memory.entries or memory.last_numbers):
        yield "another patient's card was written to"


def _memory(patient: Patient) -> NhiMemory | None:
    if not patient.memory_file.exists():
        return None
    return msgspec.json.decode(patient.memory_file.read_bytes(), type=NhiMemory)
