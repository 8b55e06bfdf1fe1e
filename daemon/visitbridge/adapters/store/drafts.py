"""What goes with a visit and with its row: the phone that edits it, the signature under it."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from visitbridge.adapters.store import tables
from visitbridge.adapters.store.session import Session, Statement, from_micros, micros
from visitbridge.domain.signature import Signature
from visitbridge.ports.drafts import Editor

_e = tables.visit_editors.c
_put = insert(tables.visit_editors)
_EDITOR: Final = Statement(select(_e.phone_id, _e.taken_at).where(_e.visit_id == bindparam("visit_id")))
_PUT_EDITOR: Final = Statement(
    _put.on_conflict_do_update(
        index_elements=[_e.visit_id],
        set_={"phone_id": _put.excluded.phone_id, "taken_at": _put.excluded.taken_at},
    )
)
_REMOVE_EDITOR: Final = Statement(delete(tables.visit_editors).where(_e.visit_id == bindparam("of_visit")))

_s = tables.visit_signatures.c
_put = insert(tables.visit_signatures)
_SIGNATURE: Final = Statement(select(_s.content).where(_s.visit_id == bindparam("visit_id")))
_PUT_SIGNATURE: Final = Statement(
    _put.on_conflict_do_update(index_elements=[_s.visit_id], set_={"content": _put.excluded.content})
)
_REMOVE_SIGNATURE: Final = Statement(
    delete(tables.visit_signatures).where(_s.visit_id == bindparam("of_visit"))
)
_SIGNATURE_DECODER: Final = msgspec.json.Decoder(Signature)


class SqlEditors:
    """Implements ``ports.drafts.Editors``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, visit_id: str) -> Editor | None:
        row = self._session.row(_EDITOR, visit_id=visit_id)
        return None if row is None else Editor(phone_id=row[0], taken_at=from_micros(row[1]))

    def put(self, visit_id: str, editor: Editor) -> None:
        self._session.run(
            _PUT_EDITOR, visit_id=visit_id, phone_id=editor.phone_id, taken_at=micros(editor.taken_at)
        )

    def remove(self, visit_id: str) -> None:
        self._session.run(_REMOVE_EDITOR, of_visit=visit_id)


class SqlSignatures:
    """Implements ``ports.drafts.Signatures``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, visit_id: str) -> Signature | None:
        row = self._session.row(_SIGNATURE, visit_id=visit_id)
        return None if row is None else _SIGNATURE_DECODER.decode(row[0])

    def put(self, visit_id: str, signature: Signature) -> None:
        self._session.run(_PUT_SIGNATURE, visit_id=visit_id, content=msgspec.json.encode(signature))

    def remove(self, visit_id: str) -> None:
        self._session.run(_REMOVE_SIGNATURE, of_visit=visit_id)
