"""Copies of prescriptions, counted."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.sqlite import insert

from visitbridge.adapters.store import tables
from visitbridge.adapters.store.session import Session, Statement

_p = tables.printed_prescriptions.c
_put = insert(tables.printed_prescriptions).values(visit_id=bindparam("of_visit"), copies=1)
_COUNT: Final = Statement(
    _put.on_conflict_do_update(index_elements=[_p.visit_id], set_={"copies": _p.copies + 1})
)
_COPIES: Final = Statement(select(_p.copies).where(_p.visit_id == bindparam("visit_id")))


class SqlPrints:
    """Implements ``ports.drafts.Prints``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def count(self, visit_id: str) -> int:
        self._session.run(_COUNT, of_visit=visit_id)
        return self.copies(visit_id)

    def copies(self, visit_id: str) -> int:
        row = self._session.row(_COPIES, visit_id=visit_id)
        return 0 if row is None else int(row[0])
