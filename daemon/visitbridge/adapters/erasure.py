"""Destroying what a box holds: first its keys, then its files; begun once, it is finished whatever comes between.

The note is durable before the first key goes, so a power cut half-way ends in the same state: the next start finds the
note and finishes. Overwriting does not reach the worn-out cells that a memory card keeps to itself; that the store is
worthless without its key ring does not depend on it (threat model: stolen box).
"""

from __future__ import annotations

import datetime as dt
import logging
import shutil
from pathlib import Path
from typing import Final, Literal

import msgspec

from visitbridge.adapters.keys import RING_FILES
from visitbridge.adapters.private_files import destroy, write_private
from visitbridge.errors import StoreError

log = logging.getLogger(__name__)

NOTE_FILE: Final = "erased.json"


class ErasedNote(msgspec.Struct, frozen=True, kw_only=True):
    """All that an erased box knows of its past. ``order_id``: of the institution's order, empty for a reset by hand."""

    at: dt.datetime
    why: Literal["order", "reset"]
    order_id: str = ""
    finished: bool = False


class Erasure:
    """``key_file``: the machine's key where it is a file; one that systemd holds cannot be, and need not be, destroyed."""

    def __init__(self, state_dir: Path, runtime_dir: Path, key_file: Path | None) -> None:
        self._state_dir = state_dir
        self._runtime_dir = runtime_dir
        self._key_file = key_file
        self._note_file = state_dir / NOTE_FILE

    def note(self) -> ErasedNote | None:
        """None while nothing was erased. Raises StoreError for a note that cannot be read: it may mean that keys are gone."""
        try:
            return msgspec.json.decode(self._note_file.read_bytes(), type=ErasedNote)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as exc:
            raise StoreError("the note of an erasure is damaged") from exc

    def begin(self, note: ErasedNote) -> None:
        """From here on there is no way back; durable when this returns."""
        write_private(self._note_file, msgspec.json.encode(note))

    def finish(self) -> ErasedNote | None:
        """Destroy keys and files if an erasure was begun, and say so in the note. Nothing may be open any more."""
        note = self.note()
        if note is None or note.finished:
            return note
        keys = [self._state_dir / name for name in RING_FILES]
        if self._key_file is not None:
            keys.append(self._key_file)
        for file in (*keys, *sorted((self._state_dir / "tls").glob("*"))):
            destroy(file)
        for place in (self._state_dir, self._runtime_dir):
            _empty(place, self._note_file)
        note = msgspec.structs.replace(note, finished=True)
        write_private(self._note_file, msgspec.json.encode(note))
        log.warning("the box was erased (%s)", note.why)
        return note

    def begin_again(self) -> bool:
        """Let the next start make a new, empty box; False when none was erased to the end."""
        note = self.note()
        if note is None or not note.finished:
            return False
        self._note_file.unlink()
        return True


def _empty(folder: Path, spared: Path) -> None:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path == spared:
            continue
        if path.is_dir() and not path.is_symlink():
            for file in sorted(path.rglob("*")):
                if file.is_file() and not file.is_symlink():
                    destroy(file)
            shutil.rmtree(path)
        elif path.is_file() and not path.is_symlink():
            destroy(path)
        else:
            path.unlink()
