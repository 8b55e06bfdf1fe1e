"""What the judge makes of rows that are missing, old, foreign or there in part."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.store.builders import job, receipt, visit
from tests.powercut.judge import Judge, Promises, Row
from tests.powercut.life import BACKUP, EPOCH, Step, audit_entry
from visitbridge.domain.jobs import JobState

QUEUED = job()
LEASED = job(state=JobState.LEASED, fence=1)
VISIT = visit()
STEPS = {
    0: Step(what="accept", visits=(VISIT,), jobs=(QUEUED,)),
    1: Step(what="lease", jobs=(LEASED,)),
    2: Step(what="confirm", receipts=((receipt(QUEUED.key, epoch=EPOCH), QUEUED.job_id),)),
    3: Step(what="clear", clears=(VISIT.visit_id,)),
}
ACCEPTED: dict[Row, object] = {
    ("visit", VISIT.visit_id): (VISIT,),
    ("job", QUEUED.job_id): (QUEUED,),
    ("audit", "0"): (audit_entry(0, STEPS[0]),),
}
TAKEN = ACCEPTED | {
    ("job", QUEUED.job_id): (LEASED,),
    ("audit", "1"): (audit_entry(1, STEPS[1]),),
}
CLEARED: dict[Row, object] = {
    ("audit", str(number)): (audit_entry(number, step),) for number, step in STEPS.items()
}


def promised(*, asked: int, saved: int) -> Promises:
    promises = Promises()
    for number in range(asked):
        promises.note("asked", number)
    for number in range(saved):
        promises.note("saved", number)
    return promises


@pytest.mark.parametrize(
    ("seen", "asked", "saved"),
    [
        ({}, 0, 0),
        ({}, 1, 0),
        (ACCEPTED, 1, 0),
        (ACCEPTED, 1, 1),
        (ACCEPTED, 2, 1),
        (TAKEN, 2, 1),
        (CLEARED, 4, 4),
    ],
)
def test_a_store_that_keeps_its_promises(seen: dict[Row, object], asked: int, saved: int) -> None:
    finding = Judge(STEPS).compare(seen, promised(asked=asked, saved=saved))
    assert (finding.lost, finding.corrupt) == ((), "")


@pytest.mark.parametrize(
    ("seen", "saved", "lost"),
    [
        ({}, 1, set(ACCEPTED)),
        (ACCEPTED, 2, {("job", QUEUED.job_id), ("audit", "1")}),
        (TAKEN | {("audit", "0"): ()}, 2, {("audit", "0")}),
        (CLEARED | {("audit", "3"): ()}, 4, {("audit", "3")}),
    ],
)
def test_acknowledged_rows_that_are_gone_or_old_are_lost(
    seen: dict[Row, object], saved: int, lost: set[Row]
) -> None:
    assert set(Judge(STEPS).compare(seen, promised(asked=saved, saved=saved)).lost) == lost


@pytest.mark.parametrize(
    ("seen", "asked", "saved"),
    [
        (TAKEN, 1, 1),
        (ACCEPTED | {("job", "job-2"): (QUEUED,)}, 1, 1),
        ({row: value for row, value in ACCEPTED.items() if row[0] != "job"}, 1, 0),
    ],
    ids=["not asked for yet", "never asked for", "half a transaction"],
)
def test_what_nobody_asked_for_is_no_sound_store(seen: dict[Row, object], asked: int, saved: int) -> None:
    assert Judge(STEPS).compare(seen, promised(asked=asked, saved=saved)).corrupt


async def test_a_backup_that_was_said_to_be_complete_is_missed(tmp_path: Path) -> None:
    promises = promised(asked=0, saved=0)
    promises.note("copied", 1)
    finding = await Judge(STEPS).look(tmp_path / "store.db", promises)
    assert finding.lost == (("backup", BACKUP),)


@pytest.mark.parametrize("name", ["store.db", BACKUP])
async def test_a_file_that_is_no_database_is_damaged(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(bytes(range(256)) * 16)
    assert (await Judge(STEPS).look(tmp_path / "store.db", promised(asked=0, saved=0))).corrupt


async def test_an_empty_disk_is_sound_while_nothing_was_saved_and_a_loss_afterwards(tmp_path: Path) -> None:
    judge = Judge(STEPS)
    assert (await judge.look(tmp_path / "store.db", promised(asked=1, saved=0))).lost == ()
    assert set((await judge.look(tmp_path / "store.db", promised(asked=1, saved=1))).lost) == set(ACCEPTED)
