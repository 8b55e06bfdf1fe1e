"""Many writes share a commit; each stands or falls alone; nobody is answered before the disk has it."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adapters.store.builders import KEY, job, save, visit
from tests.patience import PATIENCE_S
from visitbridge.adapters.store import SqlStore, open_store
from visitbridge.adapters.store.database import Database
from visitbridge.errors import StaleRevision, StoreError
from visitbridge.ports.store import Transaction
from visitbridge.runtime.lane import LaneClosed
from visitbridge.sim.clock import FakeClock

ROOT = Path(__file__).parents[3]
RUNS = itertools.count()


class Refusal(Exception):
    """Raised by a test's own work."""


def put_setting(name: str, *, then_refuse: bool = False) -> Callable[[Transaction], str]:
    def work(tx: Transaction) -> str:
        tx.settings.set(name, "1")
        if then_refuse:
            raise Refusal(name)
        return name

    return work


def get_setting(name: str) -> Callable[[Transaction], str | None]:
    return lambda tx: tx.settings.get(name)


@pytest.fixture
def commits(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of works in each transaction of the store, as they happen."""
    sizes: list[int] = []
    write = Database.write

    def counted(database: Database, works: list[Callable[[Transaction], object]]) -> object:
        sizes.append(len(works))
        return write(database, works)

    monkeypatch.setattr(Database, "write", counted)
    return sizes


async def test_writes_asked_for_during_a_commit_share_the_next_one(
    store: SqlStore, commits: list[int]
) -> None:
    names = [f"s{number}" for number in range(50)]
    assert await asyncio.gather(*(store.write(put_setting(name)) for name in names)) == names
    assert commits == [1, 49]


async def test_one_refusal_undoes_only_its_own_changes(store: SqlStore, commits: list[int]) -> None:
    await save(store, visit())
    results = await asyncio.gather(
        store.write(put_setting("first")),
        store.write(put_setting("kept")),
        store.write(put_setting("undone", then_refuse=True)),
        store.write(lambda tx: tx.visits.put(visit(revision=7))),
        store.write(put_setting("also kept")),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [str, str, Refusal, StaleRevision, str]
    assert commits == [1, 1, 4]
    names = ("kept", "undone", "also kept")
    assert await store.read(lambda tx: [tx.settings.get(name) for name in names]) == ["1", None, "1"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(refusals=st.lists(st.booleans(), min_size=1, max_size=30))
async def test_whoever_is_answered_is_stored_and_whoever_is_refused_is_not(
    store: SqlStore, refusals: list[bool]
) -> None:
    run = next(RUNS)
    works = [put_setting(f"{run}-{at}", then_refuse=refuse) for at, refuse in enumerate(refusals)]
    results = await asyncio.gather(*map(store.write, works), return_exceptions=True)
    stored = await store.read(
        lambda tx: [tx.settings.get(f"{run}-{at}") is not None for at in range(len(refusals))]
    )
    assert [isinstance(result, Refusal) for result in results] == refusals
    assert stored == [not refuse for refuse in refusals]


@pytest.mark.parametrize("error", [StopIteration(), ValueError("x"), asyncio.CancelledError()])
async def test_any_error_of_a_work_comes_back_and_the_store_goes_on(
    store: SqlStore, error: BaseException
) -> None:
    def work(tx: Transaction) -> None:
        tx.settings.set("undone", "1")
        raise error

    failed, saved = await asyncio.gather(
        store.write(work), store.write(put_setting("saved")), return_exceptions=True
    )
    assert isinstance(failed, (type(error), RuntimeError))
    assert saved == "saved"
    assert await store.read(get_setting("undone")) is None


async def test_a_read_sees_what_was_answered(store: SqlStore) -> None:
    for name in [f"s{number}" for number in range(20)]:
        await store.write(put_setting(name))
        assert await store.read(get_setting(name)) == "1"


async def test_a_read_can_not_write(store: SqlStore) -> None:
    with pytest.raises(RuntimeError, match="read transaction"):
        await store.read(put_setting("sneaked in"))
    assert await store.read(lambda tx: tx.settings.get("sneaked in")) is None


async def test_a_transaction_can_not_be_kept(store: SqlStore) -> None:
    kept = await store.write(lambda tx: tx)
    with pytest.raises(RuntimeError, match="after its function had returned"):
        kept.settings.get("name")


async def test_a_caller_who_left_before_the_batch_wrote_nothing(store: SqlStore) -> None:
    first = asyncio.ensure_future(store.write(put_setting("first")))
    second = asyncio.ensure_future(store.write(put_setting("second")))
    await asyncio.sleep(0)
    second.cancel()
    await first
    await store.write(put_setting("third"))
    assert await store.read(lambda tx: (tx.settings.get("first"), tx.settings.get("second"))) == ("1", None)


async def test_a_batch_that_everybody_left_does_not_stop_the_store(store: SqlStore) -> None:
    first = asyncio.ensure_future(store.write(put_setting("first")))
    others = [asyncio.ensure_future(store.write(put_setting("other"))) for _ in range(3)]
    await asyncio.sleep(0)
    for other in others:
        other.cancel()
    await first
    assert await store.write(put_setting("next")) == "next"


async def test_a_work_that_changes_nothing_costs_no_commit(store: SqlStore) -> None:
    await save(store, job())
    before = store._database._last_commit
    assert not await store.write(lambda tx: tx.jobs.replace(job(), fence=9))
    assert store._database._last_commit == before


async def test_closing_finishes_what_was_asked_for(path: Path, clock: FakeClock) -> None:
    async with open_store(path, KEY, clock=clock) as store:
        asked = [asyncio.ensure_future(store.write(put_setting(f"s{number}"))) for number in range(10)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*asked) == [f"s{number}" for number in range(10)]
    with pytest.raises(StoreError, match="closing"):
        await store.write(put_setting("late"))
    with pytest.raises(LaneClosed):
        await store.read(lambda tx: tx.settings.get("s0"))
    async with open_store(path, KEY, clock=clock) as store:
        assert await store.read(lambda tx: tx.settings.get("s9")) == "1"


def size_of(path: Path) -> int:
    return path.stat().st_size


async def test_the_store_checkpoints_by_itself_and_keeps_the_wal_small(store: SqlStore, path: Path) -> None:
    for number in range(450):
        await save(store, job(f"job-{number}"))
    assert store._database.commits_in_wal < 450
    assert size_of(path.with_name(path.name + "-wal")) < 8 * 2**20
    assert size_of(path) > 2**17


COUNT_SYNCS = """
    import asyncio, pathlib, sys
    from tests.adapters.store.builders import KEY, job
    from visitbridge.adapters.store import open_store
    from visitbridge.sim.clock import FakeClock

    async def main(path, alone, together):
        async with open_store(pathlib.Path(path), KEY, clock=FakeClock()) as store:
            for number in range(50):
                await store.write(lambda tx: tx.jobs.add(job(f"warm-{number}")))
            open(path + ".mark", "w").close()
            for number in range(int(alone)):
                await store.write(lambda tx: tx.jobs.add(job(f"alone-{number}")))
            open(path + ".mark", "w").close()
            await asyncio.gather(*(
                store.write(lambda tx, n=n: tx.jobs.add(job(f"together-{n}"))) for n in range(int(together))
            ))
            open(path + ".mark", "w").close()

    asyncio.run(main(*sys.argv[1:]))
"""


def test_a_write_alone_costs_one_sync_and_many_at_once_share_two(tmp_path: Path) -> None:
    log = tmp_path / "strace"
    command = [sys.executable, "-c", textwrap.dedent(COUNT_SYNCS), str(tmp_path / "store.db"), "20", "64"]
    subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,openat", "-o", log, *command],
        check=True,
        timeout=PATIENCE_S,
        cwd=ROOT,
    )
    phases: list[int] = []
    for line in log.read_text().splitlines():
        if ".mark" in line:
            phases.append(0)
        elif "sync(" in line and phases:
            phases[-1] += 1
    assert phases[:2] == [20, 2]
