"""Receipts, each with the epoch in which the data centre was last known to hold it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Final

import msgspec
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert

from visitbridge.adapters.store import tables
from visitbridge.adapters.store.session import Session, Statement, limited, micros
from visitbridge.ports.clock import Clock
from visitbridge.protocols.datacentre.common import Receipt

_DECODER: Final = msgspec.json.Decoder(Receipt)
_ENCODER: Final = msgspec.json.Encoder()

_c = tables.receipts.c
_put = insert(tables.receipts)
_PUT: Final = Statement(
    _put.on_conflict_do_update(
        index_elements=[_c.key],
        set_={column.name: _put.excluded[column.name] for column in _c if column is not _c.key},
    )
)
_GET: Final = Statement(select(_c.content).where(_c.key == bindparam("key")))
_UNCONFIRMED: Final = limited(
    select(_c.key).where(_c.epoch != bindparam("epoch")).order_by(_c.accepted_at, _c.key)
)
_CONFIRM: Final = Statement(
    update(tables.receipts)
    .where(_c.key.in_(select(func.json_each(bindparam("keys")).table_valued("value").c.value)))
    .values(epoch=bindparam("of_epoch"))
)


class SqlReceipts:
    """Implements ``ports.repositories.Receipts``."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def add(self, receipt: Receipt, *, job_id: str) -> None:
        self._session.run(
            _PUT,
            key=receipt.key,
            job_id=job_id,
            epoch=receipt.epoch,
            accepted_at=micros(receipt.accepted_at),
            stored_at=micros(self._clock.now()),
            content=_ENCODER.encode(receipt),
        )

    def get(self, key: str) -> Receipt | None:
        row = self._session.row(_GET, key=key)
        return None if row is None else _DECODER.decode(row[0])

    def unconfirmed(self, epoch: str, *, limit: int = 5000) -> Sequence[str]:
        return [row[0] for row in self._session.rows(_UNCONFIRMED, epoch=epoch, limit=limit)]

    def confirm(self, keys: Collection[str], epoch: str) -> None:
        self._session.run(_CONFIRM, keys=json.dumps(list(keys)), of_epoch=epoch)
