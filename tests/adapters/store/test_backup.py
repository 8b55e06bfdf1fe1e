"""A copy is whole, sealed with the same key, and taken while the store works."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from tests.adapters.store.builders import KEY, job, save
from tests.adapters.store.children import stored
from tests.patience import PATIENCE_S
from visitbridge.adapters.store import SqlStore, backup, database, open_store
from visitbridge.errors import Retry, StoreDamaged, StoreError, StoreFull
from visitbridge.sim.clock import FakeClock


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder / "store.backup"


def names_in(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


async def names_of(path: Path) -> list[str]:
    async with open_store(path, KEY, clock=FakeClock()) as store:
        return await stored(store)


async def test_a_copy_holds_what_was_committed(store: SqlStore, target: Path) -> None:
    await save(store, *(job(f"job-{number}") for number in range(30)))
    await store.back_up(target)
    assert names_in(target.parent) == ["store.backup"]
    assert await names_of(target) == sorted(f"job-{number}" for number in range(30))


async def test_a_newer_copy_replaces_the_older_one(store: SqlStore, target: Path) -> None:
    await store.back_up(target)
    await save(store, job("later"))
    await store.back_up(target)
    assert await names_of(target) == ["later"]


async def test_writes_go_on_while_the_file_is_copied(
    store: SqlStore, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save(store, *(job(f"before-{number}", payload=bytes(3000)) for number in range(40)))
    loop = asyncio.get_running_loop()
    copy = backup.copy

    def copy_slowly(source: int, to: Path) -> None:
        writes = asyncio.run_coroutine_threadsafe(
            save(store, *(job(f"during-{n}") for n in range(300))), loop
        )
        writes.result(timeout=PATIENCE_S)
        asyncio.run_coroutine_threadsafe(
            store._lane.call(store._database.checkpoint, deadline_s=5), loop
        ).result(10)
        copy(source, to)

    monkeypatch.setattr(backup, "copy", copy_slowly)
    await store.back_up(target)
    assert await names_of(target) == sorted(f"before-{number}" for number in range(40))
    assert len(await stored(store)) == 340


async def test_a_copy_across_trouble_with_the_disk_is_thrown_away(
    store: SqlStore, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy_across_reopening(source: int, to: Path) -> None:
        asyncio.run_coroutine_threadsafe(
            store._lane.call(store._database._disconnect, deadline_s=5), loop
        ).result(timeout=PATIENCE_S)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(backup, "copy", copy_across_reopening)
    await save(store, job())
    with pytest.raises(StoreError) as caught:
        await store.back_up(target)
    assert caught.value.retry is Retry.LATER
    assert names_in(target.parent) == []
    await save(store, job("works"))


async def test_a_damaged_copy_is_found_out(
    store: SqlStore, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save(store, *(job(f"job-{number}", payload=bytes(3000)) for number in range(40)))
    await store.back_up(target)
    copy = backup.copy

    def copy_with_a_flaw(source: int, to: Path) -> None:
        copy(source, to)
        content = bytearray(to.read_bytes())
        content[len(content) // 2] ^= 1
        to.write_bytes(content)

    monkeypatch.setattr(backup, "copy", copy_with_a_flaw)
    with pytest.raises(StoreDamaged):
        await store.back_up(target)
    monkeypatch.undo()
    assert len(await names_of(target)) == 40


@pytest.mark.parametrize("flaw", ["full disk", "damaged"])
async def test_a_copy_that_failed_leaves_the_disk_to_the_work(
    store: SqlStore, target: Path, monkeypatch: pytest.MonkeyPatch, flaw: str
) -> None:
    def fail(fd: int) -> None:
        raise OSError(errno.ENOSPC, flaw)

    def refuse(path: Path, key: bytes) -> None:
        raise StoreDamaged(flaw)

    await save(store, job(payload=bytes(3000)))
    with monkeypatch.context() as broken:
        broken.setattr(*{"full disk": (os, "fsync", fail), "damaged": (database, "verify", refuse)}[flaw])
        with pytest.raises((StoreFull, StoreDamaged)):
            await store.back_up(target)

    assert names_in(target.parent) == []


async def test_no_copy_is_begun_that_would_take_the_room_of_the_work(
    store: SqlStore, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = os.statvfs_result((4096, 4096, 10**6, 4000, 4000, 10, 10, 10, 0, 255))
    await save(store, job())
    with monkeypatch.context() as full:
        full.setattr(os, "statvfs", lambda _: room)
        with pytest.raises(StoreFull):
            await store.back_up(target)
    await save(store, job("works"))
    await store.back_up(target)

    assert await names_of(target) == ["job-1", "works"]


async def test_a_copy_can_not_be_opened_with_another_key(store: SqlStore, target: Path) -> None:
    await store.back_up(target)
    with pytest.raises(StoreDamaged):
        backup.verify(target, bytes(32))
