"""One editor for each draft, with take-over (Y05).

Who edits is a row of the store, read and changed in the transaction of the act itself: an act of the phone that was
the editor before a take-over is either on disk before it, or refused.
"""

from __future__ import annotations

import datetime as dt

from visitbridge.errors import DraftHeld
from visitbridge.ports.drafts import Editor
from visitbridge.ports.store import Transaction
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import EditorNotice
from visitbridge.services.visits.views import EditorView


def editor_of(tx: Transaction, visit_id: str) -> EditorView | None:
    """Who edits; a phone that is no longer paired edits nothing."""
    editor = tx.editors.get(visit_id)
    if editor is None:
        return None
    names = {phone.phone_id: phone.name for phone in tx.phones.all()}
    name = names.get(editor.phone_id)
    if name is None:
        return None
    return EditorView(phone_id=editor.phone_id, phone_name=name, taken_at=editor.taken_at)


def require_editor(tx: Transaction, visit_id: str, phone_id: str, now: dt.datetime) -> bool:
    """Let the phone edit; True when that is news. Raises DraftHeld while another one does.

    A draft that nobody edits is taken by whoever acts on it first.
    """
    editor = tx.editors.get(visit_id)
    if editor is not None and editor.phone_id == phone_id:
        return False
    if editor_of(tx, visit_id) is not None:
        raise DraftHeld
    tx.editors.put(visit_id, Editor(phone_id=phone_id, taken_at=now))
    return True


def take_over(tx: Transaction, visit_id: str, phone_id: str, now: dt.datetime) -> bool:
    """Make the phone the editor, whoever was; True when that is news."""
    editor = tx.editors.get(visit_id)
    if editor is not None and editor.phone_id == phone_id:
        return False
    tx.editors.put(visit_id, Editor(phone_id=phone_id, taken_at=now))
    return True


def announce_editor(board: LiveBoard, visit_id: str, editor: EditorView | None) -> None:
    """Tell phones who edits now."""
    board.announce(
        "editor",
        EditorNotice(
            visit_id=visit_id,
            phone_id=editor.phone_id if editor else "",
            phone_name=editor.phone_name if editor else "",
        ),
    )
