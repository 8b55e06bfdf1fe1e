"""Visits survive as they were saved, with every former revision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.adapters.store.builders import KEY, NOW, job, receipt, save, visit
from visitbridge.adapters.store import SqlStore, open_store
from visitbridge.domain.jobs import JobState
from visitbridge.domain.visit import FlagState, VisitState
from visitbridge.domain.visit import Sequence as SequenceNumber
from visitbridge.errors import StaleRevision
from visitbridge.ports.records import Clearable
from visitbridge.sim.clock import FakeClock


async def test_a_saved_visit_is_there_after_reopening(path: Path, clock: FakeClock) -> None:
    saved = visit(sequence=SequenceNumber(number="0001", source="card", taken_at=NOW))
    async with open_store(path, KEY, clock=clock) as store:
        await save(store, saved)
    async with open_store(path, KEY, clock=clock) as store:
        assert await store.read(lambda tx: tx.visits.get("visit-1")) == saved


async def test_an_unknown_visit_is_none(store: SqlStore) -> None:
    assert await store.read(lambda tx: tx.visits.get("nobody")) is None


async def test_former_revisions_are_kept(store: SqlStore) -> None:
    for revision in (1, 2, 3):
        await save(store, visit(revision=revision))
    assert await store.read(lambda tx: tx.visits.get("visit-1")) == visit(revision=3)
    assert await store.read(lambda tx: tx.visits.revisions("visit-1")) == [
        visit(revision=1),
        visit(revision=2),
    ]


@pytest.mark.parametrize("revision", [0, 1, 3])
async def test_only_the_next_revision_is_taken(store: SqlStore, revision: int) -> None:
    await save(store, visit(revision=1))
    with pytest.raises(StaleRevision) as caught:
        await save(store, visit(revision=revision))
    assert caught.value.params == {"revision": 1}
    assert caught.value.field == "revision"
    assert await store.read(lambda tx: tx.visits.get("visit-1")) == visit(revision=1)


async def test_a_new_visit_starts_at_revision_one(store: SqlStore) -> None:
    with pytest.raises(StaleRevision):
        await save(store, visit(revision=2))


async def test_summaries_come_newest_first_with_flags_from_the_jobs(store: SqlStore) -> None:
    older = visit("older", visit_at=NOW - dt.timedelta(hours=1))
    newer = visit("newer", sequence=SequenceNumber(number="F00B", source="box", taken_at=NOW))
    await save(store, older, newer)
    await save(
        store,
        job("a", visit_id="newer", kind="card.write_visit", state=JobState.CONFIRMED),
        job("b", visit_id="newer", kind="upload.visit", state=JobState.REJECTED),
    )
    first, second = await store.read(lambda tx: tx.visits.summaries())
    assert (first.visit_id, first.sequence_no, first.patient_name) == ("newer", "F00B", "測試甲")
    assert (first.flags.saved, first.flags.card) == (FlagState.DONE, FlagState.DONE)
    assert (first.flags.vpn, first.flags.ic) == (FlagState.ATTENTION, FlagState.NOT_WANTED)
    assert (second.visit_id, second.sequence_no, second.visit_at) == ("older", "", older.visit_at)
    assert second.flags.vpn is FlagState.NOT_WANTED


@pytest.mark.parametrize(
    ("state", "card_no", "expected"),
    [
        (None, "", ["c", "b", "a"]),
        (VisitState.FINISHED, "", ["b", "a"]),
        (None, "900000000002", ["c", "b"]),
        (VisitState.FINISHED, "900000000002", ["b"]),
    ],
)
async def test_summaries_can_be_narrowed(
    store: SqlStore, state: VisitState | None, card_no: str, expected: Sequence[str]
) -> None:
    first = visit("a", state=VisitState.FINISHED)
    other_patient = type(first.patient)(
        card_no="900000000002",
        name="測試乙",
        name_big5="",
        id_no="B234567891",
        birth_date=first.patient.birth_date,
        sex=first.patient.sex,
        issued_date=first.patient.issued_date,
    )
    await save(
        store,
        first,
        visit("b", state=VisitState.FINISHED, patient=other_patient),
        visit("c", patient=other_patient),
    )
    found = await store.read(lambda tx: tx.visits.summaries(state=state, patient_card_no=card_no))
    assert [summary.visit_id for summary in found] == expected
    limited = await store.read(lambda tx: tx.visits.summaries(state=state, patient_card_no=card_no, limit=1))
    assert [summary.visit_id for summary in limited] == expected[:1]


async def test_clearing_history_touches_only_what_is_uploaded_and_settled(store: SqlStore) -> None:
    old = NOW - dt.timedelta(days=100)
    finished: dict[str, Any] = {"state": VisitState.FINISHED, "visit_at": old}
    done: dict[str, Any] = {"state": JobState.CONFIRMED}
    await save(
        store,
        visit("uploaded", **finished),
        job("1", visit_id="uploaded", **done),
        job("2", visit_id="uploaded", kind="upload.ic", **done),
        visit("open-ic", **finished),
        job("3", visit_id="open-ic", **done),
        job("4", visit_id="open-ic", kind="upload.ic", state=JobState.HELD),
        visit("handed-off", **finished),
        job("5", visit_id="handed-off", state=JobState.HANDED_OFF),
        visit("saved-only", **finished),
        visit("draft", visit_at=old),
        visit("discarded", state=VisitState.DISCARDED, visit_at=old),
        visit("recent", state=VisitState.FINISHED),
        job("6", visit_id="recent", **done),
        visit("unconfirmed", **finished),
        job("7", visit_id="unconfirmed", **done),
    )
    await store.write(lambda tx: tx.receipts.add(receipt("key-of-1"), job_id="1"))
    of_a_lost_epoch = msgspec.structs.replace(receipt("key-of-7"), epoch="epoch-0")
    await store.write(lambda tx: tx.receipts.add(of_a_lost_epoch, job_id="7"))
    before = NOW - dt.timedelta(days=90)
    stays = Clearable(open=2, unconfirmed=1, drafts=1, not_uploaded=1)
    found = await store.read(lambda tx: tx.visits.clearable(before, epoch="epoch-1"))
    assert found == msgspec.structs.replace(stays, clear=2)
    assert found.keep == 5
    assert await store.write(lambda tx: tx.visits.clear(before, epoch="epoch-1")) == 2
    left = await store.read(lambda tx: {summary.visit_id for summary in tx.visits.summaries()})
    assert left == {"open-ic", "handed-off", "saved-only", "draft", "recent", "unconfirmed"}
    assert await store.read(lambda tx: tx.jobs.of_visit("uploaded")) == []
    assert await store.read(lambda tx: tx.receipts.get("key-of-1")) is None
    assert await store.read(lambda tx: tx.visits.clearable(before, epoch="epoch-1")) == stays


async def test_clearing_goes_in_portions(store: SqlStore) -> None:
    for number in range(3):
        thrown_away = visit(
            f"v{number}", state=VisitState.DISCARDED, visit_at=NOW + dt.timedelta(seconds=number)
        )
        await save(store, thrown_away)
    later = NOW + dt.timedelta(days=1)
    assert await store.write(lambda tx: tx.visits.clear(later, epoch="epoch-1", limit=2)) == 2
    left = await store.read(lambda tx: [summary.visit_id for summary in tx.visits.summaries()])
    assert left == ["v2"]
