"""A damaged file is never thrown away, and the newest good copy takes its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.store.builders import KEY, job, save
from tests.adapters.store.children import stored
from visitbridge.adapters.store import open_store
from visitbridge.adapters.store import rescue as rescuing
from visitbridge.adapters.store.rescue import KEPT, BackupShelf, Rescue, open_or_rescue, rescue_is_known
from visitbridge.errors import StoreDamaged, StoreError, StoreKeyWrong
from visitbridge.sim.clock import FakeClock


@pytest.fixture
def shelf(path: Path) -> BackupShelf:
    return BackupShelf(path.parent / "backups")


async def fill(path: Path, clock: FakeClock, shelf: BackupShelf, *names: str) -> None:
    """One job and one backup after the other."""
    async with open_or_rescue(path, KEY, clock=clock, shelf=shelf) as (store, _):
        for name in names:
            await save(store, job(name, payload=bytes(3000)))
            await shelf.take(store)
        await save(store, job("after-the-last-backup"))


async def reopen(path: Path, clock: FakeClock, shelf: BackupShelf) -> tuple[list[str], Rescue | None]:
    async with open_or_rescue(path, KEY, clock=clock, shelf=shelf) as (store, rescue):
        return await stored(store), rescue


def damage(path: Path) -> bytes:
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    return bytes(content)


def content_of(path: Path) -> bytes:
    return path.read_bytes()


def kept_aside(path: Path) -> set[bytes]:
    """What the damaged databases hold that lie beside this one."""
    return {kept.read_bytes() for kept in path.parent.glob(f"{path.name}.damaged-*")}


def lose(path: Path) -> None:
    path.unlink()


async def test_a_sound_file_is_opened_as_it_is(path: Path, clock: FakeClock, shelf: BackupShelf) -> None:
    await fill(path, clock, shelf, "a")

    assert await reopen(path, clock, shelf) == (["a", "after-the-last-backup"], None)


async def test_the_newest_backup_takes_the_place_of_a_damaged_file(
    path: Path, clock: FakeClock, shelf: BackupShelf
) -> None:
    await fill(path, clock, shelf, "a", "b")
    damaged = damage(path)
    names, rescue = await reopen(path, clock, shelf)

    assert names == ["a", "b"]
    assert rescue is not None
    assert rescue.at == clock.now()
    assert content_of(path.with_name(rescue.kept_as)) == damaged
    rescue_is_known(path)
    assert await reopen(path, clock, shelf) == (["a", "b"], None), "the next start is an ordinary one"


async def test_a_rescue_is_told_at_every_start_until_it_is_known(
    path: Path, clock: FakeClock, shelf: BackupShelf
) -> None:
    await fill(path, clock, shelf, "a")
    damage(path)
    first = await reopen(path, clock, shelf)
    clock.advance(3600)

    assert first[1] is not None
    assert await reopen(path, clock, shelf) == first, "the process may have died before it could tell anybody"


class Died(BaseException):
    """The power is gone."""


@pytest.mark.parametrize("step", ["_set_aside", "sync", "put_in_place"])
async def test_a_rescue_that_is_cut_short_is_done_and_told_by_the_next_start(
    path: Path, clock: FakeClock, shelf: BackupShelf, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def die(*_: object) -> None:
        raise Died

    await fill(path, clock, shelf, "a")
    damaged = damage(path)
    with monkeypatch.context() as cut:
        cut.setattr(rescuing, step, die)
        with pytest.raises(Died):
            await reopen(path, clock, shelf)
    names, rescue = await reopen(path, clock, shelf)

    assert (names, rescue and rescue.at) == (["a"], clock.now())
    assert damaged in kept_aside(path)


async def test_a_damaged_file_is_kept_aside_though_the_clock_stands_where_it_stood_before(
    path: Path, clock: FakeClock, shelf: BackupShelf
) -> None:
    await fill(path, clock, shelf, "a")
    first = damage(path)
    await reopen(path, clock, shelf)
    second = damage(path)
    await reopen(path, clock, shelf)

    assert first != second
    assert {first, second} <= kept_aside(path)


async def test_a_backup_that_is_damaged_too_is_passed_over(
    path: Path, clock: FakeClock, shelf: BackupShelf
) -> None:
    await fill(path, clock, shelf, "a", "b")
    damage(path)
    damage(shelf.newest_first()[0])

    assert (await reopen(path, clock, shelf))[0] == ["a"]


async def test_without_a_good_backup_nothing_is_moved(
    path: Path, clock: FakeClock, shelf: BackupShelf
) -> None:
    await fill(path, clock, shelf, "a")
    damaged = damage(path)
    damage(shelf.newest_first()[0])

    for _ in range(2):
        with pytest.raises(StoreDamaged):
            await reopen(path, clock, shelf)
    assert content_of(path) == damaged


async def test_a_lost_file_is_replaced_as_well(path: Path, clock: FakeClock, shelf: BackupShelf) -> None:
    await fill(path, clock, shelf, "a")
    lose(path)

    assert (await reopen(path, clock, shelf))[0] == ["a"]


async def test_a_wrong_key_is_no_damage(path: Path, clock: FakeClock, shelf: BackupShelf) -> None:
    await fill(path, clock, shelf, "a")
    before = content_of(path)
    with pytest.raises(StoreKeyWrong):
        async with open_or_rescue(path, bytes(32), clock=clock, shelf=shelf):
            pytest.fail("opened")

    assert content_of(path) == before


async def test_only_the_newest_are_kept(path: Path, clock: FakeClock, shelf: BackupShelf) -> None:
    await fill(path, clock, shelf, *"abcde")

    assert [found.name for found in shelf.newest_first()] == [
        "store-00000005.backup",
        "store-00000004.backup",
    ]
    assert len(shelf.newest_first()) == KEPT


async def test_what_somebody_else_put_on_the_shelf_is_left_alone(
    path: Path, clock: FakeClock, shelf: BackupShelf
) -> None:
    await fill(path, clock, shelf, "a")
    stranger = path.parent / "backups" / "store-before-update.backup"
    stranger.write_bytes(b"no database")
    async with open_store(path, KEY, clock=clock) as store:
        await shelf.take(store)

    assert stranger.exists()
    assert [found.name for found in shelf.newest_first()] == [
        "store-00000002.backup",
        "store-00000001.backup",
    ]


async def test_a_shelf_that_the_disk_refuses_is_told_as_trouble_of_the_store(
    path: Path, clock: FakeClock
) -> None:
    """A full disk takes no new folder; whoever takes backups goes on for what the store tells, and for nothing else."""
    (path.parent / "file").touch()
    async with open_store(path, KEY, clock=clock) as store:
        with pytest.raises(StoreError):
            await BackupShelf(path.parent / "file" / "backups").take(store)
