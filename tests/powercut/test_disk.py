"""The model of a disk, on a file of a few bytes."""

from __future__ import annotations

import pytest

from tests.powercut.disk import Change, Disk
from tests.powercut.recording import Rename, Sync, Truncate, Unlink, Write

TWO_SECTORS = b"a" * 512 + b"b" * 512


def disk_with(*operations: Change | Rename | Sync) -> Disk:
    disk = Disk()
    for operation in operations:
        disk.apply(operation)
    return disk


@pytest.mark.parametrize("way", ["drop", "keep", "half", "last", "torn"])
def test_what_was_synced_is_there_whatever_happens(way: str) -> None:
    disk = disk_with(Write("f", 0, b"one"), Write("f", 3, b"two"), Sync("f"))
    assert disk.after_a_cut(way) == {"f": b"onetwo"}


@pytest.mark.parametrize(
    ("way", "content"),
    [
        ("drop", b"....."),
        ("keep", b"12.3" + TWO_SECTORS),
        ("half", b"12..."),
        ("last", b"...." + TWO_SECTORS),
        ("torn", b"12.3" + TWO_SECTORS[:512]),
    ],
)
def test_what_was_not_synced_is_there_in_part(way: str, content: bytes) -> None:
    disk = disk_with(
        Write("f", 0, b"....."),
        Sync("f"),
        Write("f", 0, b"1"),
        Write("f", 1, b"2"),
        Write("f", 3, b"3"),
        Write("f", 4, TWO_SECTORS),
    )
    assert disk.after_a_cut(way) == {"f": content}


def test_a_file_is_not_there_before_anything_of_it_was() -> None:
    assert disk_with(Write("f", 0, b"new")).after_a_cut("drop") == {}


@pytest.mark.parametrize(("way", "files"), [("drop", {"f": b"old"}), ("keep", {}), ("half", {"f": b"old"})])
def test_a_deleted_file_may_come_back(way: str, files: dict[str, bytes]) -> None:
    disk = disk_with(Write("f", 0, b"old"), Sync("f"), Unlink("f"))
    assert disk.after_a_cut(way) == files


def test_a_deleted_file_stays_away_once_its_folder_was_synced() -> None:
    disk = disk_with(Write("f", 0, b"old"), Sync("f"), Unlink("f"), Sync("."))
    assert disk.after_a_cut("drop") == {}


@pytest.mark.parametrize(
    ("way", "files"), [("drop", {"f": b"old", "f.new": b"new"}), ("keep", {"f": b"new"})]
)
def test_a_replaced_file_may_come_back_whole(way: str, files: dict[str, bytes]) -> None:
    begun = (Write("f", 0, b"old"), Sync("f"), Write("f.new", 0, b"new"), Sync("f.new"))
    assert disk_with(*begun, Rename("f.new", "f")).after_a_cut(way) == files
    assert disk_with(*begun, Rename("f.new", "f"), Sync(".")).after_a_cut(way) == {"f": b"new"}


def test_what_was_not_synced_before_a_rename_is_gone() -> None:
    disk = disk_with(Write("f.new", 0, b"new"), Rename("f.new", "f"), Sync("."))
    assert disk.after_a_cut("keep") == {"f": b""}


def test_a_write_to_the_successor_of_a_deleted_file_does_not_land_in_it() -> None:
    disk = disk_with(Write("f", 0, b"old"), Sync("f"), Unlink("f"), Write("f", 0, b"n"), Write("f", 1, b"w"))
    assert disk.after_a_cut("last") == {"f": b"\0w"}


@pytest.mark.parametrize(("size", "content"), [(2, b"ol"), (5, b"old\0\0")])
def test_a_file_is_cut_or_lengthened_with_zeros(size: int, content: bytes) -> None:
    disk = disk_with(Write("f", 0, b"old"), Truncate("f", size), Sync("f"))
    assert disk.after_a_cut("drop") == {"f": content}
