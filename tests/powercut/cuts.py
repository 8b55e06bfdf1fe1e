"""Cuts power after every operation of a recording, in every way, and has each distinct disk judged."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from tests.powercut.disk import WAYS, Disk, fingerprint
from tests.powercut.judge import Finding, Judge, Promises
from tests.powercut.recording import Note, Operation


class Found(msgspec.Struct, kw_only=True):
    """``disks``: how many were judged, ``distinct`` how many of them differ in a byte; the same disk is judged again
    when more had been promised by then. ``ways``: by way, how many were bad. ``first_bad``: the first few, in words.
    """

    operations: int = 0
    disks: int = 0
    distinct: int = 0
    losing: int = 0
    corrupt: int = 0
    ways: Counter[str] = msgspec.field(default_factory=Counter)
    first_bad: list[str] = msgspec.field(default_factory=list)

    @property
    def bad(self) -> int:
        return self.ways.total()

    def count(self, where: str, way: str, finding: Finding) -> None:
        self.disks += 1
        self.losing += bool(finding.lost)
        self.corrupt += bool(finding.corrupt)
        if finding.lost or finding.corrupt:
            self.ways[way] += 1
            if len(self.first_bad) < 10:
                self.first_bad.append(f"{where}, {way}: lost {list(finding.lost)} {finding.corrupt}")


async def explore(
    recording: Sequence[Operation],
    judge: Judge,
    work: Path,
    *,
    every: int = 1,
    when_cut: Callable[[Found], object] = lambda _: None,
) -> Found:
    """``every``: judge the cuts after every so many operations only. ``when_cut``: called after each of them."""
    disk, promises, found = Disk(), Promises(), Found()
    images: set[bytes] = set()
    seen: set[tuple[bytes, int, int, int]] = set()
    for at, operation in enumerate(recording):
        found.operations = at + 1
        if isinstance(operation, Note):
            promises.note(operation.word, operation.number)
        else:
            disk.apply(operation)
        if at % every:
            continue
        for way in WAYS:
            files = disk.after_a_cut(way)
            looks = fingerprint(files)
            known = (looks, len(promises.asked), len(promises.saved), len(promises.copied))
            if known in seen:
                continue
            seen.add(known)
            images.add(looks)
            image = work / "image"
            shutil.rmtree(image, ignore_errors=True)
            image.mkdir()
            for name, content in files.items():
                (image / name).write_bytes(content)
            where = f"after operation {at} ({type(operation).__name__})"
            found.count(where, way, await judge.look(image / "store.db", promises))
        found.distinct = len(images)
        when_cut(found)
    return found
