"""Refreshing data sets: by version and group, never half a set, and what a box is told it lacks (A10, B13, B14)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from tests.adapters.store.catalogue.lines import write
from visitbridge.adapters.store import SqlCatalogue, open_catalogue
from visitbridge.domain.datasets import NEEDED, QPA_SETS
from visitbridge.errors import FieldInvalid, LinkDown
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.uploads import DataSetInfo, DataSetRow
from visitbridge.services.datasets import DataSetRefresh
from visitbridge.sim.clock import FakeClock


class Shelf:
    """``offered``: each set with the bytes that a download gives. ``fetched``: names, in order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.offered: dict[str, tuple[DataSetInfo, bytes]] = {}
        self.fetched: list[str] = []
        self.down = False

    def offer(self, name: str, *codes: str, version: str = "1", group: str = "default") -> None:
        rows = [DataSetRow(code=code, name_zh=code) for code in codes]
        info, path = write(self._folder, rows, name=name, version=version)
        self.offered[name] = (msgspec.structs.replace(info, group=group), path.read_bytes())

    async def datasets(self) -> tuple[DataSetInfo, ...]:
        if self.down:
            raise LinkDown
        return tuple(info for info, _ in self.offered.values())

    async def download_dataset(self, info: DataSetInfo, target: Path) -> None:
        self.fetched.append(info.name)
        await asyncio.to_thread(target.write_bytes, self.offered[info.name][1])


@pytest.fixture
async def catalogue(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqlCatalogue]:
    async with open_catalogue(tmp_path / "catalogue", clock=clock) as opened:
        yield opened


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def refresh(
    shelf: Shelf, catalogue: SqlCatalogue, tmp_path: Path, store: Store, clock: FakeClock
) -> DataSetRefresh:
    (tmp_path / "downloads").mkdir()
    return DataSetRefresh(shelf, catalogue, tmp_path / "downloads", store, clock)


async def test_R03_only_what_differs_is_fetched(
    refresh: DataSetRefresh, shelf: Shelf, clock: FakeClock
) -> None:
    shelf.offer("icd10", "A", "B")
    shelf.offer("drugs", "C")
    await refresh.refresh()
    clock.advance(60)
    shelf.offer("drugs", "C", "D", version="2")
    records = {record.name: record for record in await refresh.refresh()}

    assert shelf.fetched == ["icd10", "drugs", "drugs"]
    assert (records["drugs"].previous, records["drugs"].added) == ("1", 1)
    assert (await refresh.completeness()).checked_at == clock.now()


async def test_B13_another_group_is_another_set(refresh: DataSetRefresh, shelf: Shelf) -> None:
    shelf.offer("packages", "P1")
    await refresh.refresh()
    shelf.offer("packages", "P1", "P2", group="night team")
    (record,) = await refresh.refresh()

    assert (record.group, record.version, record.rows) == ("night team", "1", 2)


async def test_B13_a_damaged_set_leaves_the_old_one(
    refresh: DataSetRefresh, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.offer("icd10", "A")
    await refresh.refresh()
    checked_at = (await refresh.completeness()).checked_at
    shelf.offer("icd10", "B", version="2")
    info, content = shelf.offered["icd10"]
    shelf.offered["icd10"] = (info, content + b'{"code":"C"}\n')
    with pytest.raises(FieldInvalid):
        await refresh.refresh()

    assert [record.version for record in await refresh.status()] == ["1"]
    assert (await refresh.completeness()).checked_at == checked_at
    assert list((tmp_path / "downloads").iterdir()) == []


async def test_A10_B14_what_is_missing_and_what_is_empty(refresh: DataSetRefresh, shelf: Shelf) -> None:
    before = await refresh.completeness()
    assert (before.checked_at, before.missing, before.empty) == (None, NEEDED, QPA_SETS)
    assert len(QPA_SETS) == 7
    for name in (*NEEDED, "packages"):
        shelf.offer(name, "X")
    await refresh.refresh()
    after = await refresh.completeness()

    assert after.missing == ()
    assert after.empty == ("my_diagnoses", "my_orders", "special_items", "device_settings")


async def test_R03_without_a_line_nothing_changes(refresh: DataSetRefresh, shelf: Shelf) -> None:
    shelf.down = True
    with pytest.raises(LinkDown):
        await refresh.refresh()
    assert (await refresh.completeness()).checked_at is None
