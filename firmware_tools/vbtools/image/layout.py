"""The card's partitions: one that a laptop sees, a boot and a root partition twice, and what lasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

Slot = Literal["a", "b"]
SLOTS: Final[tuple[Slot, Slot]] = ("a", "b")

SECTOR: Final = 512
MIB: Final = 1 << 20
_FIRST_MIB: Final = 4
"""Erase blocks of SD cards are at most that long: no partition shares one with its neighbour."""

_TAIL_MIB: Final = 1
"""For the second copy of the table, at the end."""

BASIC_DATA: Final = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"
LINUX: Final = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"


class Partition(msgspec.Struct, frozen=True, kw_only=True):
    """``name``: as the table has it, by which it is found at every start. ``label``: of the file system."""

    name: str
    size_mib: int
    file_system: Literal["vfat", "ext4"]
    label: str


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """MiB. ``data``: at first; it grows to the card's end at every start."""

    card: int = 64
    boot: int = 128
    root: int = 1536
    data: int = 512


def partitions(sizes: Sizes) -> tuple[Partition, ...]:
    """In the table's order. The first is ``card``: the firmware looks for autoboot.txt in the first FAT partition."""
    return (
        Partition(name="card", size_mib=sizes.card, file_system="vfat", label="VB-CARD"),
        *(
            Partition(
                name=f"boot-{slot}", size_mib=sizes.boot, file_system="vfat", label=f"VB-BOOT-{slot.upper()}"
            )
            for slot in SLOTS
        ),
        *(
            Partition(name=f"root-{slot}", size_mib=sizes.root, file_system="ext4", label=f"vb-root-{slot}")
            for slot in SLOTS
        ),
        Partition(name="data", size_mib=sizes.data, file_system="ext4", label="vb-data"),
    )


def number_of(table: Sequence[Partition], name: str) -> int:
    """As the firmware counts: from 1."""
    return [partition.name for partition in table].index(name) + 1


def starts_mib(table: Sequence[Partition]) -> Iterator[tuple[Partition, int]]:
    """Each partition and where it begins."""
    at = _FIRST_MIB
    for partition in table:
        yield partition, at
        at += partition.size_mib


def size_mib(table: Sequence[Partition]) -> int:
    """Of the whole disk."""
    return _FIRST_MIB + sum(partition.size_mib for partition in table) + _TAIL_MIB


def sfdisk_script(table: Sequence[Partition]) -> str:
    """For sfdisk(8). The disk's and the partitions' identifiers are sfdisk's to draw."""
    lines = ["label: gpt", "unit: sectors"]
    for partition, start in starts_mib(table):
        kind = BASIC_DATA if partition.file_system == "vfat" else LINUX
        begin, length = start * MIB // SECTOR, partition.size_mib * MIB // SECTOR
        lines.append(f'start={begin}, size={length}, type={kind}, name="{partition.name}"')
    return "\n".join(lines) + "\n"
