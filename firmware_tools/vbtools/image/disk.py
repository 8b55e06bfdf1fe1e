"""File systems and the partition table in one file, without mounting anything and without being root.

mke2fs, mkfs.vfat, mtools and sfdisk do the work. Files of the root partitions belong to whom they belong on the disk this runs
on, so a tree for a real box is made as root.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from vbtools.image.layout import MIB, Partition, sfdisk_script, size_mib, starts_mib
from visitbridge.errors import FieldInvalid

_PATH: Final = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_HOLE: Final = bytes(64 * 1024)


def assemble(file: Path, table: Sequence[Partition], trees: Mapping[str, Path]) -> None:
    """Make ``file``, which must not exist. ``trees``: partition's name → folder with its content; the others are empty.

    Raises FieldInvalid: ``file``; ``size`` for a tree that is larger than its partition.
    """
    if file.exists():
        raise FieldInvalid(f"{file} exists and is left as it is", field="file")
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        with unfinished.open("wb") as disk:
            disk.truncate(size_mib(table) * MIB)
        _run("sfdisk", "--quiet", str(unfinished), given=sfdisk_script(table))
        with tempfile.TemporaryDirectory(dir=file.parent, prefix="vb-image-") as folder:
            for partition, start in starts_mib(table):
                made = Path(folder) / partition.name
                _make(made, partition, trees.get(partition.name))
                _put(made, unfinished, start * MIB)
                made.unlink()
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def _make(file: Path, partition: Partition, tree: Path | None) -> None:
    with file.open("wb") as empty:
        empty.truncate(partition.size_mib * MIB)
    try:
        if partition.file_system == "vfat":
            _run("mkfs.vfat", "-n", partition.label, str(file))
            entries = [] if tree is None else sorted(str(entry) for entry in tree.iterdir())
            if entries:
                _run("mcopy", "-s", "-m", "-Q", "-i", str(file), *entries, "::")
        else:
            filled = () if tree is None else ("-d", str(tree))
            _run("mke2fs", "-q", "-F", "-t", "ext4", "-L", partition.label, *filled, str(file))
    except FieldInvalid as exc:
        raise FieldInvalid(f"{partition.name}: {exc.detail}", field="size") from exc


def _put(made: Path, disk: Path, offset: int) -> None:
    """Copy, leaving out what is empty, so that the image takes as much room as it holds."""
    with made.open("rb") as source, disk.open("r+b") as target:
        while block := source.read(len(_HOLE)):
            if block != _HOLE[: len(block)]:
                target.seek(offset + source.tell() - len(block))
                target.write(block)


def _run(*command: str, given: str = "") -> None:
    try:
        done = subprocess.run(
            command,
            input=given,
            text=True,
            capture_output=True,
            check=False,
            env=os.environ | {"PATH": _PATH, "LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "1"},
        )
    except FileNotFoundError as exc:
        raise FieldInvalid(f"{command[0]} is not installed", field="program") from exc
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no reason told"]
        raise FieldInvalid(f"{command[0]}: {last[0]}", field="program")
