"""Power cuts over the whole life of the store: nothing acknowledged is lost, and a weaker store is found out.

``./dev crash power`` goes through several lives, after every operation.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.powercut.cuts import explore
from tests.powercut.judge import Judge
from tests.powercut.life import life, steps_of
from tests.powercut.recording import Note, record
from visitbridge.domain.jobs import JobState

STEPS = steps_of(life(0))


@pytest.fixture
def work() -> Iterator[Path]:
    """In memory where that is possible: it holds a thousand disks, one after another."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder's own name is not to be guessed
    folder = Path(tempfile.mkdtemp(prefix="vbpower-", dir=memory if memory.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


async def test_no_cut_loses_what_was_saved_or_leaves_a_damaged_file(work: Path) -> None:
    recording = record(work, 0, "FULL")
    notes = [operation for operation in recording if isinstance(operation, Note)]
    assert {note.number for note in notes if note.word == "saved"} == set(STEPS)
    found = await explore(recording, Judge(STEPS), work, every=3)
    assert found.first_bad == []
    assert found.distinct >= 1000


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
async def test_a_store_that_does_not_wait_for_the_disk_is_found_out(work: Path, synchronous: str) -> None:
    found = await explore(record(work, 0, synchronous), Judge(STEPS), work, every=40)
    assert found.losing > found.disks // 4


def test_a_life_takes_jobs_through_every_state_but_those_a_person_asks_for() -> None:
    states = {
        job.state for variant in range(4) for step in steps_of(life(variant)).values() for job in step.jobs
    }
    assert states == set(JobState) - {JobState.HELD, JobState.HANDED_OFF}
