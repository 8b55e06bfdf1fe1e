"""Names confirmed for cards."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from visitbridge.adapters.store import tables
from visitbridge.adapters.store.session import Session, Statement, micros
from visitbridge.ports.card_names import CardName

_n = tables.card_names.c
_put = insert(tables.card_names)
_NAME: Final = Statement(select(_n.content).where(_n.card_no == bindparam("of_card")))
_PUT: Final = Statement(
    _put.on_conflict_do_update(
        index_elements=[_n.card_no],
        set_={"content": _put.excluded.content, "confirmed_at": _put.excluded.confirmed_at},
    )
)
_CLEAR: Final = Statement(
    delete(tables.card_names).where(
        _n.confirmed_at < bindparam("before"), _n.card_no.not_in(select(tables.visits.c.card_no))
    )
)
_DECODER: Final = msgspec.json.Decoder(CardName)


class SqlCardNames:
    """Implements ``ports.card_names.CardNames``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, card_no: str) -> CardName | None:
        row = self._session.row(_NAME, of_card=card_no)
        return None if row is None else _DECODER.decode(row[0])

    def put(self, name: CardName) -> None:
        self._session.run(
            _PUT,
            card_no=name.card_no,
            confirmed_at=micros(name.confirmed_at),
            content=msgspec.json.encode(name),
        )

    def clear(self, before: dt.datetime) -> int:
        return self._session.run(_CLEAR, before=micros(before))
