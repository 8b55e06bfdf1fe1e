"""Refreshing data sets: by version and group, never half a set, and what a box is told it lacks (A10, B13, B14, S02)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from tests.adapters.store.catalogue.lines import write
from visitbridge.adapters.store import SqlCatalogue, open_catalogue
from visitbridge.domain.datasets import NEEDED, QPA_SETS
from visitbridge.errors import FieldInvalid, LinkDown, Rejected
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.uploads import DataSetInfo, DataSetManifest, DataSetRow
from visitbridge.services.datasets import DataSetRefresh
from visitbridge.sim.clock import FakeClock


class Shelf:
    """``offered``: each set with the bytes that a download gives, of the group that the box uses. ``groups``: every group
    with its own. ``fetched``: names, in order.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.group = "default"
        self.groups: dict[str, dict[str, tuple[DataSetInfo, bytes]]] = {self.group: {}}
        self.fetched: list[str] = []
        self.down = False
        self.torn = ""

    def offer(self, name: str, *codes: str, version: str = "1", group: str = "default") -> None:
        rows = [DataSetRow(code=code, name_zh=code) for code in codes]
        info, path = write(self._folder, rows, name=name, version=version)
        own = self.groups.setdefault(group, {})
        own[name] = (msgspec.structs.replace(info, group=group), path.read_bytes())

    @property
    def offered(self) -> dict[str, tuple[DataSetInfo, bytes]]:
        return self.groups["default"] | self.groups[self.group]

    async def datasets(self) -> DataSetManifest:
        if self.down:
            raise LinkDown
        infos = tuple(info for info, _ in self.offered.values())
        return DataSetManifest(datasets=infos, group=self.group, groups=tuple(sorted(self.groups)))

    async def choose_dataset_group(self, group: str) -> DataSetManifest:
        if group not in self.groups:
            raise Rejected(field="group")
        self.group = group
        return await self.datasets()

    async def download_dataset(self, info: DataSetInfo, target: Path) -> None:
        if self.torn == info.name:
            raise LinkDown
        self.fetched.append(info.name)
        await asyncio.to_thread(target.write_bytes, self.offered[info.name][1])


@pytest.fixture
async def catalogue(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqlCatalogue]:
    async with open_catalogue(tmp_path / "catalogue", clock=clock) as opened:
        yield opened


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


class Used:
    """The group that the box says it uses."""

    def __init__(self) -> None:
        self.group = "default"

    async def take(self, group: str) -> None:
        self.group = group


@pytest.fixture
def used() -> Used:
    return Used()


@pytest.fixture
def refresh(
    shelf: Shelf, catalogue: SqlCatalogue, tmp_path: Path, store: Store, clock: FakeClock, used: Used
) -> DataSetRefresh:
    (tmp_path / "downloads").mkdir()
    return DataSetRefresh(shelf, catalogue, tmp_path / "downloads", store, clock, take_group=used.take)


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


async def choose(refresh: DataSetRefresh, group: str) -> dict[str, str]:
    """The groups of the sets on the box by their names, after somebody chose ``group``."""
    records = await refresh.choose(group, staff_id="T0001", phone_id="p1")
    return {record.name: record.group for record in records}


async def test_B13_S02_another_group_is_another_set(
    refresh: DataSetRefresh, shelf: Shelf, used: Used, store: Store
) -> None:
    shelf.offer("packages", "P1")
    shelf.offer("icd10", "A")
    await refresh.refresh()
    shelf.offer("packages", "P1", "P2", group="night")
    assert (await refresh.completeness()).groups == ("default",)
    await refresh.refresh()
    offered = await refresh.completeness()
    groups = await choose(refresh, "night")
    rows = {record.name: record.rows for record in await refresh.status()}
    trail = [row.entry for row in await store.read(lambda tx: tx.audit.rows())]

    assert (offered.groups, offered.loaded_group) == (("default", "night"), "default")
    assert (groups, rows["packages"]) == ({"packages": "night", "icd10": "default"}, 2)
    assert (used.group, (await refresh.completeness()).loaded_group) == ("night", "night")
    assert [(entry.act, entry.who, entry.phone_id, entry.why) for entry in trail] == [
        ("datasets.choose", "T0001", "p1", "night")
    ]
    assert await choose(refresh, "default") == {"packages": "default", "icd10": "default"}


async def test_S02_a_group_that_is_not_on_offer_changes_nothing(
    refresh: DataSetRefresh, shelf: Shelf, used: Used
) -> None:
    shelf.offer("packages", "P1")
    await refresh.refresh()
    with pytest.raises(Rejected):
        await choose(refresh, "night")

    assert (used.group, shelf.group) == ("default", "default")
    assert [record.group for record in await refresh.status()] == ["default"]


async def test_S02_a_choice_whose_sets_do_not_come_is_gone_on_with_by_the_next_refresh(
    refresh: DataSetRefresh, shelf: Shelf, used: Used
) -> None:
    shelf.offer("packages", "P1")
    await refresh.refresh()
    shelf.offer("packages", "P1", "P2", group="night")
    shelf.torn = "packages"
    with pytest.raises(LinkDown):
        await choose(refresh, "night")
    torn = await refresh.completeness()
    rows_meanwhile = [record.rows for record in await refresh.status()]
    shelf.torn = ""
    (record,) = await refresh.refresh()

    assert (used.group, torn.loaded_group, rows_meanwhile) == ("night", "default", [1])
    assert (record.group, record.rows, (await refresh.completeness()).loaded_group) == ("night", 2, "night")


async def test_S02_what_the_institution_changes_on_its_page_is_taken_with_the_next_refresh(
    refresh: DataSetRefresh, shelf: Shelf, used: Used
) -> None:
    shelf.offer("packages", "P1", group="night")
    shelf.group = "night"
    await refresh.refresh()

    assert used.group == "night"


async def test_B13_a_damaged_set_leaves_the_old_one(
    refresh: DataSetRefresh, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.offer("icd10", "A")
    await refresh.refresh()
    checked_at = (await refresh.completeness()).checked_at
    shelf.offer("icd10", "B", version="2")
    info, content = shelf.offered["icd10"]
    shelf.groups["default"]["icd10"] = (info, content + b'{"code":"C"}\n')
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
