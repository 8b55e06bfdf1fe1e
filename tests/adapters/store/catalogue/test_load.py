"""A data set is loaded whole or not at all, and the old version serves until then (B13)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.adapters.store.catalogue.lines import DIAGNOSES, write
from visitbridge.adapters.store import SqlCatalogue, open_catalogue
from visitbridge.errors import FieldInvalid, StoreFull
from visitbridge.ports.records import DataSetRecord
from visitbridge.protocols.datacentre.uploads import DataSetRow
from visitbridge.sim.clock import FakeClock

NEWER = (DataSetRow(code="J06.9", name_zh="改名"), DataSetRow(code="Z00.0", name_zh="新增"))


def names_in(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


async def test_a_loaded_set_says_what_it_is(
    catalogue: SqlCatalogue, tmp_path: Path, clock: FakeClock
) -> None:
    info, path = write(tmp_path, DIAGNOSES)
    record = await catalogue.load(info, path)
    assert record == DataSetRecord(
        name="icd10", version="1", group="home-care", rows=13, sha256=info.sha256, loaded_at=clock.now()
    )
    assert await catalogue.loaded() == [record]


async def test_loaded_sets_are_there_after_reopening(folder: Path, tmp_path: Path, clock: FakeClock) -> None:
    async with open_catalogue(folder, clock=clock) as catalogue:
        first = await catalogue.load(*write(tmp_path, DIAGNOSES))
        second = await catalogue.load(*write(tmp_path, NEWER, name="drugs"))
    async with open_catalogue(folder, clock=clock) as catalogue:
        assert await catalogue.loaded() == [second, first]
        assert await catalogue.get("icd10", "J18.9") is not None


async def test_a_newer_version_replaces_the_older_one(loaded: SqlCatalogue, tmp_path: Path) -> None:
    await loaded.load(*write(tmp_path, NEWER, version="2"))
    assert [record.version for record in await loaded.loaded()] == ["2"]
    assert await loaded.get("icd10", "J18.9") is None
    assert [hit.row.name_zh for hit in await loaded.search("icd10", "新增")] == ["新增"]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b'{"code":"A","name_zh":', "line[2]"),
        (b'{"name_zh":"no code"}', "line[2]"),
        (b'{"code":""}', "line[2]"),
        (b'{"code":7}', "line[2]"),
        (b'{"code":"A","name_zh":"\xff"}', "line[2]"),
        (b"", "line[2]"),
        (b'{"code":"J06.9"}', "line[2].code"),
    ],
)
async def test_a_damaged_line_is_named_and_the_old_version_stays(
    loaded: SqlCatalogue, tmp_path: Path, folder: Path, line: bytes, field: str
) -> None:
    info, path = write(tmp_path, NEWER, version="2")
    first, last = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([first, line, last]) + b"\n")
    with pytest.raises(FieldInvalid) as caught:
        await loaded.load(info, path)
    assert caught.value.field == field
    assert [record.version for record in await loaded.loaded()] == ["1"]
    assert await loaded.get("icd10", "J18.9") is not None
    assert names_in(folder) == ["icd10.dataset"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rows": 3}, "rows"),
        ({"rows": 1}, "rows"),
        ({"sha256": "0" * 64}, "sha256"),
        ({"name": "../x"}, "name"),
    ],
)
async def test_a_file_other_than_announced_is_refused(
    loaded: SqlCatalogue, tmp_path: Path, changes: dict[str, Any], field: str
) -> None:
    info, path = write(tmp_path, NEWER, version="2")
    with pytest.raises(FieldInvalid) as caught:
        await loaded.load(msgspec.structs.replace(info, **changes), path)
    assert caught.value.field == field
    assert [record.version for record in await loaded.loaded()] == ["1"]


async def test_the_old_version_serves_while_the_new_one_is_loaded(
    loaded: SqlCatalogue, tmp_path: Path
) -> None:
    many = [DataSetRow(code=f"Z{number}", name_zh=f"新的診斷{number}") for number in range(5000)]
    load = asyncio.ensure_future(loaded.load(*write(tmp_path, many, version="2")))
    during = 0
    while not load.done():
        hits = await loaded.search("icd10", "肺炎")
        during += [hit.row.code for hit in hits] == ["J18.9", "B01.2"]
    await load
    assert during > 1
    assert await loaded.search("icd10", "肺炎") == []


async def test_a_load_cut_short_leaves_nothing_behind(folder: Path, tmp_path: Path, clock: FakeClock) -> None:
    async with open_catalogue(folder, clock=clock) as catalogue:
        await catalogue.load(*write(tmp_path, DIAGNOSES))
    (folder / "icd10.dataset.loading").write_bytes(b"half of a file")
    (folder / "icd10.dataset.loading-journal").write_bytes(b"")
    async with open_catalogue(folder, clock=clock) as catalogue:
        assert len(await catalogue.loaded()) == 1
    assert names_in(folder) == ["icd10.dataset"]


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 100])
async def test_a_damaged_set_counts_as_not_loaded_and_can_be_loaded_again(
    folder: Path, tmp_path: Path, clock: FakeClock, damage: bytes
) -> None:
    async with open_catalogue(folder, clock=clock) as catalogue:
        await catalogue.load(*write(tmp_path, DIAGNOSES))
        other = await catalogue.load(*write(tmp_path, NEWER, name="drugs"))
    (folder / "icd10.dataset").write_bytes(damage)
    async with open_catalogue(folder, clock=clock) as catalogue:
        assert await catalogue.loaded() == [other]
        await catalogue.load(*write(tmp_path, DIAGNOSES))
        assert len(await catalogue.search("icd10", "肺炎")) == 2


async def test_a_missing_download_is_not_a_crash(loaded: SqlCatalogue, tmp_path: Path) -> None:
    info, path = write(tmp_path, NEWER, version="2")
    path.unlink()
    with pytest.raises(Exception, match="GW-STO") as caught:
        await loaded.load(info, path)
    assert not isinstance(caught.value, StoreFull)


async def test_B13_a_newer_version_says_by_how_many_codes_it_differs(
    loaded: SqlCatalogue, tmp_path: Path
) -> None:
    (first,) = await loaded.loaded()
    second = await loaded.load(*write(tmp_path, NEWER, version="2"))
    third = await loaded.load(*write(tmp_path, NEWER, version="3"))

    assert (first.previous, first.added, first.removed, first.changed) == ("", 0, 0, 0)
    assert (second.previous, second.added, second.removed, second.changed) == ("1", 1, 12, 1)
    assert (third.previous, third.added, third.removed, third.changed) == ("2", 0, 0, 0)
    assert await loaded.loaded() == [third]
