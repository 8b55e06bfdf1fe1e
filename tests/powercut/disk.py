"""A disk that lost power: what was synced is there, what was not may be there in part.

Five ways for what was not synced: none of it, all of it (a mere crash), the first half, only the newest write
(reordered), or all with the newest write torn at a sector. A deleted or replaced file may come back until its folder was
synced.
Zeroed or scribbled sectors and disks that lie about a sync are beyond this model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from tests.powercut.recording import Rename, Sync, Truncate, Unlink, Write

SECTOR_BYTES = 512
WAYS = ("drop", "keep", "half", "last", "torn")


class Replace(msgspec.Struct, frozen=True):
    """Another file has taken the name."""

    path: str
    content: bytes


Change = Write | Truncate | Unlink | Replace


class Disk:
    """Content by name: as synced, and the changes since."""

    def __init__(self) -> None:
        self._synced: dict[str, bytes] = {}
        self._loose: dict[str, list[Change]] = {}

    def apply(self, operation: Change | Rename | Sync) -> None:
        if isinstance(operation, Rename):
            # What was not synced before a rename is not sure to come along.
            moved = Replace(operation.target, self._synced.get(operation.path, b""))
            self._loose.setdefault(operation.target, []).append(moved)
            self._loose[operation.path] = [Unlink(operation.path)]
        elif not isinstance(operation, Sync):
            self._loose.setdefault(operation.path, []).append(operation)
        elif operation.path == ".":
            for name in [n for n, loose in self._loose.items() if isinstance(loose[-1], Unlink | Replace)]:
                self._settle(name)
        else:
            self._settle(operation.path)

    def after_a_cut(self, way: str) -> dict[str, bytes]:
        """The files, if power failed now."""
        names = self._synced.keys() | self._loose.keys()
        contents = {name: self._content(name, picked(self._loose.get(name, []), way)) for name in names}
        return {name: content for name, content in contents.items() if content is not None}

    def _settle(self, name: str) -> None:
        content = self._content(name, self._loose.pop(name, []))
        if content is None:
            self._synced.pop(name, None)
        else:
            self._synced[name] = content

    def _content(self, name: str, changes: Sequence[Change]) -> bytes | None:
        synced = self._synced.get(name)
        if not changes:
            return synced
        content: bytearray | None = None if synced is None else bytearray(synced)
        for change in changes:
            content = None if isinstance(change, Unlink) else _changed(content or bytearray(), change)
        return None if content is None else bytes(content)


def picked(loose: Sequence[Change], way: str) -> Sequence[Change]:
    """Those of the changes since the last sync that reached the disk."""
    newest = loose[-1] if loose else None
    match way:
        case "drop":
            return ()
        case "half":
            return loose[: len(loose) // 2]
        case "last":
            # What is written to a file's successor does not land in the file.
            gone = max((at for at, change in enumerate(loose) if isinstance(change, Unlink)), default=-1)
            return [*loose[gone:][:1], *loose[-1:]] if gone >= 0 else loose[-1:]
        case "torn" if isinstance(newest, Write) and len(newest.data) > SECTOR_BYTES:
            kept = len(newest.data) // 2 // SECTOR_BYTES * SECTOR_BYTES
            return [*loose[:-1], msgspec.structs.replace(newest, data=newest.data[:kept])]
    return loose


def fingerprint(files: Mapping[str, bytes]) -> bytes:
    whole = hashlib.sha256()
    for name, content in sorted(files.items()):
        whole.update(f"{name} {len(content)}\n".encode())
        whole.update(content)
    return whole.digest()


def _changed(content: bytearray, change: Write | Truncate | Replace) -> bytearray:
    if isinstance(change, Replace):
        return bytearray(change.content)
    if isinstance(change, Truncate):
        del content[change.size :]
        content.extend(bytes(change.size - len(content)))
        return content
    content.extend(bytes(max(0, change.offset - len(content))))
    content[change.offset : change.offset + len(change.data)] = change.data
    return content
