"""Bluetooth readers that were paired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from visitbridge.adapters.store import tables
from visitbridge.adapters.store.session import Session, Statement
from visitbridge.ports.bluetooth import RememberedReader

_r = tables.bluetooth_readers.c
_put = insert(tables.bluetooth_readers)
_READERS: Final = Statement(select(_r.content).order_by(_r.reader_id))
_READER: Final = Statement(select(_r.content).where(_r.reader_id == bindparam("of_reader")))
_PUT: Final = Statement(
    _put.on_conflict_do_update(index_elements=[_r.reader_id], set_={"content": _put.excluded.content})
)
_REMOVE: Final = Statement(delete(tables.bluetooth_readers).where(_r.reader_id == bindparam("of_reader")))
_DECODER: Final = msgspec.json.Decoder(RememberedReader)


class SqlBluetoothReaders:
    """Implements ``ports.bluetooth.RememberedReaders``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> Sequence[RememberedReader]:
        return [_DECODER.decode(row[0]) for row in self._session.rows(_READERS)]

    def get(self, reader_id: str) -> RememberedReader | None:
        row = self._session.row(_READER, of_reader=reader_id)
        return None if row is None else _DECODER.decode(row[0])

    def put(self, reader: RememberedReader) -> None:
        self._session.run(_PUT, reader_id=reader.reader_id, content=msgspec.json.encode(reader))

    def remove(self, reader_id: str) -> None:
        self._session.run(_REMOVE, of_reader=reader_id)
