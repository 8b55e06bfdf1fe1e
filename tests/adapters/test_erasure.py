"""Erasing a real store: nothing readable is left, no key opens it, and a cut half-way changes nothing about that."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from visitbridge.adapters import erasure as module
from visitbridge.adapters.erasure import ErasedNote, Erasure
from visitbridge.adapters.keys import RING_FILES, KeyRing, load_machine_key, open_ring
from visitbridge.adapters.store import open_store
from visitbridge.adapters.store.rescue import BackupShelf
from visitbridge.errors import StoreDamaged, StoreError, StoreKeyWrong
from visitbridge.sim.clock import FakeClock

CANARY = "canary-patient-王測試"
NOTE = ErasedNote(at=dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC), why="order", order_id="o-1")


class Place:
    """A box's folders, with a store that holds a canary, a backup of it, and the keys."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.run = folder / "run"
        self.key_file = folder / "machine.key"
        self.erasure = Erasure(self.state, self.run, self.key_file)

    async def fill(self) -> None:
        for folder in (self.state, self.run, self.state / "tls", self.state / "datasets"):
            folder.mkdir(mode=0o700, parents=True)
        _, key = open_ring(self.state, load_machine_key(None, "x", self.key_file), has_store=False)
        assert key is not None
        async with open_store(self.state / "store.db", key, clock=FakeClock()) as store:
            await store.write(lambda tx: tx.settings.set("canary", CANARY))
            await BackupShelf(self.state / "backups").take(store)
        for file in ("tls/box.key", "datasets/icd10.db", "store.db.damaged-20261122T000000"):
            (self.state / file).write_text(CANARY, "utf-8")
        (self.run / "ready.json").write_text("token", "utf-8")

    def files(self) -> list[str]:
        found = (path for folder in (self.state, self.run) for path in folder.rglob("*"))
        return sorted(path.name for path in found if path.is_file())


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    await made.fill()
    return made


@pytest.fixture
def overwritten(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What each file held at the moment its name went."""
    seen: dict[str, bytes] = {}
    unlink = Path.unlink

    def look(path: Path, missing_ok: bool = False) -> None:
        if path.is_file():
            seen[path.name] = path.read_bytes()
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", look)
    return seen


async def test_nothing_is_left_but_the_note(place: Place) -> None:
    place.erasure.begin(NOTE)
    place.erasure.finish()

    assert place.files() == ["erased.json"]
    assert not place.key_file.exists()
    note = place.erasure.note()
    assert note is not None
    assert (note.finished, note.why, note.order_id) == (True, "order", "o-1")


async def test_every_file_was_written_over_before_its_name_went(
    place: Place, overwritten: dict[str, bytes]
) -> None:
    before = {name: (place.state / name).read_bytes() for name in (*RING_FILES, "store.db")}
    place.erasure.begin(NOTE)
    place.erasure.finish()

    assert {"store.db", "box.key", "icd10.db", "machine.key", *RING_FILES} <= overwritten.keys()
    assert [name for name, content in overwritten.items() if CANARY.encode() in content] == []
    assert [name for name in before if before[name] == overwritten[name]] == []


async def test_a_copy_of_the_store_opens_with_nothing_that_is_left(place: Place, tmp_path: Path) -> None:
    stolen = tmp_path / "stolen.db"
    stolen.write_bytes((place.state / "store.db").read_bytes())
    machine_key = load_machine_key(None, "x", place.key_file)
    place.erasure.begin(NOTE)
    place.erasure.finish()

    with pytest.raises(StoreKeyWrong):
        KeyRing(place.state, machine_key).open_by_machine()
    with pytest.raises((StoreKeyWrong, StoreDamaged)):
        async with open_store(stolen, machine_key, clock=FakeClock()):
            pass
    assert CANARY.encode() not in stolen.read_bytes()


async def test_the_keys_go_first_and_a_cut_after_them_is_made_good(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    def cut(*_: object) -> None:
        raise PowerCut

    place.erasure.begin(NOTE)
    with monkeypatch.context() as patched:
        patched.setattr(module, "_empty", cut)
        with pytest.raises(PowerCut):
            place.erasure.finish()
    half_way = place.files()
    again = Erasure(place.state, place.run, place.key_file)
    note = again.finish()

    assert not {*RING_FILES, "box.key"} & set(half_way)
    assert "store.db" in half_way
    assert note is not None
    assert note.finished
    assert place.files() == ["erased.json"]


async def test_without_a_note_nothing_is_touched(place: Place) -> None:
    before = place.files()

    assert place.erasure.finish() is None
    assert place.files() == before


async def test_a_note_that_cannot_be_read_is_not_taken_for_none(place: Place) -> None:
    (place.state / "erased.json").write_bytes(b"{")

    with pytest.raises(StoreError, match="damaged"):
        place.erasure.finish()
    assert "store.db" in place.files()


async def test_a_box_that_was_never_erased_is_not_begun_again(place: Place) -> None:
    assert not place.erasure.begin_again()


async def test_only_a_finished_erasure_is_begun_again_from(place: Place) -> None:
    place.erasure.begin(NOTE)
    before = place.erasure.begin_again()
    place.erasure.finish()
    after = place.erasure.begin_again()

    assert (before, after, place.erasure.note(), place.files()) == (False, True, None, [])
