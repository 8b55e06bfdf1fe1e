"""Bluetooth readers that this tool has paired with, and the master keys it gave them, in one private file.

A box keeps such keys in its encrypted store. This file is not encrypted: it is for a bench, and a reader goes back to
the factory's key (``vb-reader give-back``) before it goes to a team.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from vbtools.new_files import PRIVATE
from visitbridge.errors import FieldInvalid, NotFound
from visitbridge.ports.bluetooth import KeyVault, RememberedReader


class KeyFile(KeyVault):
    """Every change is on disk when its call returns. Raises FieldInvalid (``bluetooth``) for a file it cannot use."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._readers = {reader.reader_id: reader for reader in _read(file)}

    def all(self) -> tuple[RememberedReader, ...]:
        return tuple(self._readers.values())

    def get(self, reader_id: str) -> RememberedReader:
        """Raises NotFound (``reader``)."""
        if reader_id not in self._readers:
            raise NotFound("reader", field="reader")
        return self._readers[reader_id]

    def remember(self, reader: RememberedReader) -> None:
        """A reader that was paired; one that was known before keeps its key."""
        former = self._readers.get(reader.reader_id)
        if former is not None:
            reader = msgspec.structs.replace(reader, key=former.key, next_key=former.next_key)
        self._put(reader)

    def remove(self, reader_id: str) -> None:
        """A reader that is not there is no error."""
        self._readers.pop(reader_id, None)
        self._write()

    async def prepare(self, reader_id: str, key: bytes | None, next_key: bytes) -> None:
        """See ``ports.bluetooth.KeyVault``."""
        self._put(msgspec.structs.replace(self.get(reader_id), key=key, next_key=next_key))

    async def settle(self, reader_id: str, key: bytes | None) -> None:
        """See ``ports.bluetooth.KeyVault``."""
        self._put(msgspec.structs.replace(self.get(reader_id), key=key, next_key=None))

    def _put(self, reader: RememberedReader) -> None:
        self._readers[reader.reader_id] = reader
        self._write()

    def _write(self) -> None:
        part = self._file.with_name(f"{self._file.name}.part")
        content = msgspec.json.format(msgspec.json.encode(list(self._readers.values())))
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(self._file)
            folder = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as exc:
            raise FieldInvalid(f"cannot write {self._file}: {exc.strerror}", field="bluetooth") from exc


def _read(file: Path) -> list[RememberedReader]:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise FieldInvalid(f"cannot read {file}: {exc.strerror}", field="bluetooth") from exc
    try:
        return msgspec.json.decode(content, type=list[RememberedReader])
    except msgspec.DecodeError as exc:
        raise FieldInvalid(f"{file} is no file of this tool", field="bluetooth") from exc
