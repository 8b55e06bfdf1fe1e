"""Opening tells apart what is wrong, since what has to be done about it differs."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.store import programs
from tests.adapters.store.builders import KEY, job, save, visit
from tests.patience import PATIENCE_S
from visitbridge.adapters.store import SqlStore, binding, open_store
from visitbridge.adapters.store.migrations import OLDEST_PROGRAM, REVISIONS
from visitbridge.errors import Retry, SchemaNewer, StoreDamaged, StoreError, StoreKeyWrong, StoreReadOnly
from visitbridge.sim.clock import FakeClock

CANARY = "測試金絲雀"


@pytest.fixture
async def used(path: Path, clock: FakeClock) -> Path:
    """A closed store with one visit and enough jobs to fill some pages."""
    async with open_store(path, KEY, clock=clock) as store:
        await save(store, visit(), *(job(f"job-{number}", payload=bytes(3000)) for number in range(50)))
    return path


async def refused(path: Path, key: bytes = KEY) -> StoreError:
    with pytest.raises(StoreError) as caught:
        async with open_store(path, key, clock=FakeClock()):
            pytest.fail("opened")
    return caught.value


def change(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


def cut(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])


def remove(path: Path) -> None:
    path.unlink()


async def test_another_key_is_a_wrong_key_and_harms_nothing(used: Path, clock: FakeClock) -> None:
    error = await refused(used, bytes(32))
    assert type(error) is StoreKeyWrong
    assert error.retry is Retry.NEVER
    assert error.__cause__ is not None
    async with open_store(used, KEY, clock=clock) as store:
        assert await store.read(lambda tx: tx.visits.get("visit-1")) == visit()


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
async def test_a_key_of_another_length_is_a_mistake_of_the_caller(path: Path, key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        async with open_store(path, key, clock=FakeClock()):
            pytest.fail("opened")


@pytest.mark.parametrize("offset", [0, 100, 2048, 3 * 2048 + 500, -2048 * 20, -1])
async def test_one_changed_bit_anywhere_is_damage(used: Path, offset: int) -> None:
    change(used, offset)
    assert type(await refused(used)) is StoreDamaged


@pytest.mark.parametrize("length", [0, 1, 100, 2048, 10_000, 100_000])
async def test_a_file_cut_short_is_damage(used: Path, length: int) -> None:
    cut(used, length)
    assert type(await refused(used)) is StoreDamaged


async def test_damage_found_later_is_told_too(path: Path, clock: FakeClock) -> None:
    async with open_store(path, KEY, clock=clock) as store:
        await save(store, *(job(f"job-{number}", payload=bytes(3000)) for number in range(50)))
        await store._lane.call(store._database.checkpoint, deadline_s=5)
        for page in range(3, 80):
            change(path, page * 2048 + 9)
        await store._lane.call(store._database._opened().execute, "PRAGMA shrink_memory", deadline_s=5)
        with pytest.raises(StoreDamaged) as caught:
            await store.read(lambda tx: [tx.jobs.get(f"job-{number}") for number in range(50)])
    assert caught.value.retry is Retry.NEVER


async def test_a_schema_from_the_future_is_left_alone(used: Path, clock: FakeClock) -> None:
    connection = binding.connect_encrypted(used, KEY)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.execute("PRAGMA application_id = 9999")
    connection.close()
    assert type(await refused(used)) is SchemaNewer
    connection = binding.connect_encrypted(used, KEY)
    assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (50,)
    connection.close()


@pytest.mark.parametrize("revision", REVISIONS[REVISIONS.index(OLDEST_PROGRAM) : -1])
async def test_a_program_rolled_back_works_with_what_the_newer_one_left(
    used: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, revision: str
) -> None:
    known = REVISIONS[: REVISIONS.index(revision) + 1]
    monkeypatch.setattr("visitbridge.adapters.store.revision.REVISIONS", known)

    async with open_store(used, KEY, clock=clock) as store:
        await save(store, visit("visit-2"), job("job-after-rollback"))
    monkeypatch.undo()
    async with open_store(used, KEY, clock=clock) as store:
        kept = await store.read(lambda tx: (tx.visits.get("visit-2"), tx.jobs.get("job-after-rollback")))

    assert all(kept)


async def test_a_program_older_than_the_store_allows_leaves_it_alone(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visitbridge.adapters.store.revision.REVISIONS", ("0000",))

    assert type(await refused(used)) is SchemaNewer


async def test_a_second_process_is_kept_out(used: Path, clock: FakeClock) -> None:
    async with open_store(used, KEY, clock=clock) as store:
        error = await refused(used)
        assert error.retry is Retry.LATER
        told = programs.run(programs.command("one_by_one", used, 1))
        assert "open" not in told
        await save(store, visit("visit-2"))


def test_a_read_only_disk_is_told(used: Path) -> None:
    script = (
        'mount --bind -o ro "$1" "$1" && mount -o remount,bind,ro "$1" && cd "$2" && shift 2 && exec "$@"'
    )
    child = programs.command("one_by_one", used, 1)
    outcome = subprocess.run(
        [
            "unshare",
            "--map-root-user",
            "--mount",
            "bash",
            "-ec",
            script,
            "bash",
            used.parent,
            programs.ROOT,
            *child,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert StoreReadOnly.code in outcome.stderr.splitlines()[-1]


async def test_nothing_on_disk_can_be_read_without_the_key(path: Path, clock: FakeClock) -> None:
    named = visit(
        patient=type(visit().patient)(
            card_no="900000000777",
            name=CANARY,
            name_big5="",
            id_no="A123456788",
            birth_date=visit().patient.birth_date,
            sex=visit().patient.sex,
            issued_date=visit().patient.issued_date,
        )
    )
    async with open_store(path, KEY, clock=clock) as store:
        await save(store, named, job(payload=CANARY.encode() * 100))
        everything = written_beside(path)
    everything += written_beside(path)
    assert len(everything) > 2**16
    for secret in (
        CANARY.encode(),
        b"900000000777",
        b"visit-1",
        b"CREATE TABLE",
        b"SQLite format",
        KEY,
        KEY.hex().encode(),
    ):
        assert secret not in everything


def written_beside(path: Path) -> bytes:
    return b"".join(found.read_bytes() for found in path.parent.iterdir())


def test_a_closed_store_is_one_file_and_its_guard_for_nobody_else(used: Path) -> None:
    found = {file.name: file.stat().st_mode & 0o777 for file in used.parent.iterdir()}
    assert found == {"visitbridge.db": 0o600, "visitbridge.db.guard": 0o600}


async def test_a_lost_file_is_not_taken_for_a_new_store(used: Path) -> None:
    remove(used)
    assert type(await refused(used)) is StoreDamaged


async def test_a_lost_guard_is_made_anew(used: Path, clock: FakeClock) -> None:
    guard = used.with_name("visitbridge.db.guard")
    former = guard.read_bytes()
    guard.unlink()
    async with open_store(used, KEY, clock=clock):
        assert guard.read_bytes() == former


async def test_a_store_can_be_opened_many_times(path: Path, clock: FakeClock) -> None:
    for number in range(5):
        async with open_store(path, KEY, clock=clock) as store:
            await save(store, visit(revision=number + 1))


@pytest.fixture
async def opened(used: Path, clock: FakeClock) -> AsyncIterator[SqlStore]:
    async with open_store(used, KEY, clock=clock) as store:
        yield store


async def test_the_settings_that_durability_rests_on(opened: SqlStore) -> None:
    connection = opened._database._opened()
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "locking_mode": "exclusive",
        "trusted_schema": 0,
    }
    for name, value in expected.items():
        cursor = await opened._lane.call(connection.execute, f"PRAGMA {name}", deadline_s=5)
        assert cursor.fetchone() == (value,)
