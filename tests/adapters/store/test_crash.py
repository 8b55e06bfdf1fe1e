"""Killed at a system call: whatever was answered is there, whatever is there is whole."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from pathlib import Path

import pytest

from tests.adapters.store import programs
from tests.adapters.store.builders import KEY, job, save
from tests.adapters.store.children import stored
from visitbridge.adapters.store import open_store
from visitbridge.sim.clock import FakeClock


async def names_in(path: Path) -> list[str]:
    """Opening checks the whole file and finishes a schema that was cut short."""
    async with open_store(path, KEY, clock=FakeClock()) as store:
        found = await stored(store)
        await save(store, job("one more"))
    return found


# The first eight syncs make the file and its schema, then each job has one; writes come about a dozen to a job.
@pytest.mark.parametrize(
    "moment",
    [f"fsync:signal=KILL:when={at}" for at in (1, 5, 8, 9, 12)]
    + [f"pwrite64:signal=KILL:when={at}" for at in (1, 90, 215, 240)],
)
def test_killed_while_one_writer_waits(tmp_path: Path, moment: str) -> None:
    path = tmp_path / "store.db"
    told = programs.run(programs.with_fault(programs.command("one_by_one", path, 8), moment))
    assert told["stored"] == []
    found = asyncio.run(names_in(path))
    assert found[: len(told["saved"])] == told["saved"]
    assert len(found) <= len(told["saved"]) + 1


@pytest.mark.parametrize("answers", [1, 30, 200])
def test_killed_while_eight_writers_share_commits(tmp_path: Path, answers: int) -> None:
    path = tmp_path / "store.db"
    with subprocess.Popen(
        programs.command("together", path, 1000), cwd=programs.ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        heard = [child.stdout.readline() for _ in range(answers + 1)]
        child.send_signal(signal.SIGKILL)
        heard += child.stdout.readlines()
    # The last line may have been cut by the kill.
    told = programs.told("".join(line for line in heard if line.endswith("\n")))
    found = asyncio.run(names_in(path))
    assert len(told["saved"]) >= answers
    assert set(told["saved"]) <= set(found)
    assert len(found) <= len(told["saved"]) + 16
