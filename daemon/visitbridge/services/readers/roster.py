"""The readers that this box remembers, and their keys: on disk before anything else happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from visitbridge.errors import NotFound
from visitbridge.ports.bluetooth import RememberedReader
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store, Transaction


class Roster:
    """Call :meth:`load` before anything else. Implements ``ports.bluetooth.KeyVault``."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, RememberedReader] = {}
        # Held from looking at a reader until its next form is on disk: a name given during a change of its key undoes neither.
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Raises StoreError."""
        rows = await self._store.read(lambda tx: list(tx.bluetooth_readers.all()))
        self._known = {row.reader_id: row for row in rows}

    def all(self) -> tuple[RememberedReader, ...]:
        """Those in use, by the time they were paired."""
        used = (reader for reader in self._known.values() if not reader.is_forgotten)
        return tuple(sorted(used, key=lambda reader: (reader.remembered_at, reader.reader_id)))

    def get(self, reader_id: str) -> RememberedReader:
        """Raises NotFound for one that is not in use."""
        reader = self._known.get(reader_id)
        if reader is None or reader.is_forgotten:
            raise NotFound("reader", field="reader_id")
        return reader

    async def remember(self, reader: RememberedReader, *, by: str) -> RememberedReader:
        """Keep a reader that was paired; one known before keeps its key. Raises StoreError."""

        def with_its_key() -> RememberedReader:
            former = self._known.get(reader.reader_id)
            if former is None:
                return reader
            return msgspec.structs.replace(reader, key=former.key, next_key=former.next_key)

        return await self._put(with_its_key, act="reader.pair", by=by)

    async def rename(self, reader_id: str, name: str, *, by: str) -> RememberedReader:
        """Raises NotFound, StoreError."""
        return await self._put(
            lambda: msgspec.structs.replace(self.get(reader_id), name=name), act="reader.rename", by=by
        )

    async def forget(self, reader_id: str, *, by: str) -> None:
        """Use a reader no more. What is known of its own key stays. Raises NotFound, StoreError."""
        async with self._changing:
            reader = self.get(reader_id)
            if reader.key is None and reader.next_key is None:
                await self._write(
                    lambda tx: tx.bluetooth_readers.remove(reader_id), reader_id, act="reader.forget", by=by
                )
                del self._known[reader_id]
            else:
                forgotten = msgspec.structs.replace(reader, is_forgotten=True)
                await self._keep(forgotten, act="reader.forget", by=by)

    async def prepare(self, reader_id: str, key: bytes | None, next_key: bytes) -> None:
        """See ``ports.bluetooth.KeyVault``."""
        await self._put(lambda: msgspec.structs.replace(self._known[reader_id], key=key, next_key=next_key))

    async def settle(self, reader_id: str, key: bytes | None) -> None:
        """See ``ports.bluetooth.KeyVault``."""
        await self._put(
            lambda: msgspec.structs.replace(self._known[reader_id], key=key, next_key=None), act="reader.key"
        )

    async def _put(
        self, change: Callable[[], RememberedReader], *, act: str = "", by: str = ""
    ) -> RememberedReader:
        """``change`` makes the reader of what is known of it when its turn comes."""
        async with self._changing:
            reader = change()
            await self._keep(reader, act=act, by=by)
            return reader

    async def _keep(self, reader: RememberedReader, *, act: str, by: str) -> None:
        await self._write(lambda tx: tx.bluetooth_readers.put(reader), reader.reader_id, act=act, by=by)
        self._known[reader.reader_id] = reader

    async def _write(self, change: Callable[[Transaction], None], record: str, *, act: str, by: str) -> None:
        now = self._clock.now()

        def work(tx: Transaction) -> None:
            change(tx)
            if act:
                tx.audit.append(AuditEntry(at=now, who="box", act=act, record=record, phone_id=by))

        await self._store.write(work)
