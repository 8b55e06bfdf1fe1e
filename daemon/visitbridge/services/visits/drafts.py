"""Drafts: every change durable, one editor at a time, thrown away and taken back (M01, Y04, Y05, N11)."""

from __future__ import annotations

import msgspec

from visitbridge.domain.amounts import with_amounts
from visitbridge.domain.jobs import Job
from visitbridge.domain.visit import Visit, VisitContent, VisitState
from visitbridge.errors import VisitClosed
from visitbridge.ports.clock import Clock
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.live import LiveBoard
from visitbridge.services.outbox.kinds import Kinds
from visitbridge.services.visits.acts import People, announce, current, existing, note, who_acts
from visitbridge.services.visits.corrections import revise_open_jobs
from visitbridge.services.visits.editing import announce_editor, editor_of, require_editor, take_over
from visitbridge.services.visits.plan import JobDesk
from visitbridge.services.visits.rules import CodeBook, check_codes, check_content, check_ready
from visitbridge.services.visits.views import EditorView


class DraftDesk:
    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        catalogue: CodeBook,
        kinds: Kinds,
        outbox: JobDesk,
        board: LiveBoard,
        people: People,
    ) -> None:
        self._store = store
        self._clock = clock
        self._catalogue = catalogue
        self._kinds = kinds
        self._outbox = outbox
        self._board = board
        self._people = people
        self._typing: dict[str, tuple[str, str]] = {}

    async def save(
        self,
        visit_id: str,
        revision: int,
        content: VisitContent,
        phone_id: str,
        *,
        carried_from: str = "",
    ) -> Visit:
        """Keep what was typed as the next revision; on disk when it returns.

        On a finished visit of which something was sent back, this is the correction: it goes out again under
        new keys. ``carried_from``: the earlier visit that some of it was taken from, for the audit; there, a draft
        tells of each person who begins to write in it, not of every word. Raises NotFound, StaleRevision (``params['revision']``), DraftHeld, VisitClosed, JobNotMovable,
        FieldInvalid, UnknownCode, and StoreError when nothing was saved.
        """
        stored = await self._store.read(lambda tx: existing(tx, visit_id))
        if revision == stored.revision - 1 and stored.content in (content, with_amounts(content)):
            # The phone repeats a save whose answer it lost, or which the disk took and told as an error.
            if stored.state is VisitState.FINISHED:
                await self._outbox.reload(visit_id)
            return stored
        check_content(content)
        await check_codes(self._catalogue, content, before=stored.content)
        now = self._clock.now()
        who = who_acts(self._people, phone_id)

        def work(tx: Transaction) -> tuple[Visit, tuple[Job, ...], EditorView | None]:
            before = current(tx, visit_id, revision)
            visit = msgspec.structs.replace(before, revision=revision + 1, content=content)
            again: tuple[Job, ...] = ()
            news = False
            if before.state is VisitState.FINISHED:
                visit = msgspec.structs.replace(visit, content=with_amounts(content))
                check_ready(visit)
                again = revise_open_jobs(tx, visit, self._kinds, now)
                note(tx, visit, at=now, act="visit.correct", who=who, phone_id=phone_id)
            elif before.state is VisitState.DRAFT:
                news = require_editor(tx, visit_id, phone_id, now)
                if self._typing.get(visit_id) != (who, phone_id):
                    note(tx, visit, at=now, act="visit.edit", who=who, phone_id=phone_id)
            else:
                raise VisitClosed
            if carried_from:
                note(tx, visit, at=now, act="visit.carry_in", who=who, phone_id=phone_id, why=carried_from)
            tx.visits.put(visit)
            return visit, again, editor_of(tx, visit_id) if news else None

        visit, again, editor = await self._store.write(work)
        self._typing[visit_id] = (who, phone_id)
        if editor is not None:
            announce_editor(self._board, visit_id, editor)
        if again:
            self._outbox.accept(visit, again)
        else:
            announce(self._board, visit)
        return visit

    async def edit(self, visit_id: str, phone_id: str, *, take: bool) -> EditorView | None:
        """Who edits the draft from now on: this phone if nobody did, or if it is to ``take`` it over.

        None where the phone is not paired any more. Raises NotFound, VisitClosed.
        """
        now = self._clock.now()
        who = who_acts(self._people, phone_id)

        def work(tx: Transaction) -> tuple[EditorView | None, bool]:
            visit = existing(tx, visit_id)
            if visit.state is not VisitState.DRAFT:
                raise VisitClosed
            before = editor_of(tx, visit_id)
            if before is not None and not take:
                return before, False
            news = take_over(tx, visit_id, phone_id, now)
            if news and before is not None:
                note(tx, visit, at=now, act="visit.take_over", who=who, phone_id=phone_id)
            return editor_of(tx, visit_id), news

        editor, news = await self._store.write(work)
        if news:
            announce_editor(self._board, visit_id, editor)
        return editor

    async def leave(self, visit_id: str, phone_id: str) -> None:
        """The phone edits no longer, if it did."""

        def work(tx: Transaction) -> bool:
            editor = tx.editors.get(visit_id)
            if editor is None or editor.phone_id != phone_id:
                return False
            tx.editors.remove(visit_id)
            return True

        if await self._store.write(work):
            announce_editor(self._board, visit_id, None)

    async def discard(self, visit_id: str, revision: int, phone_id: str) -> Visit:
        """Throw a draft away; it stays on record as discarded.

        Raises NotFound, StaleRevision, DraftHeld, VisitClosed.
        """
        return await self._move(visit_id, revision, phone_id, VisitState.DRAFT, VisitState.DISCARDED)

    async def restore(self, visit_id: str, revision: int, phone_id: str) -> Visit:
        """Take back what was thrown away. Raises NotFound, StaleRevision, VisitClosed."""
        return await self._move(visit_id, revision, phone_id, VisitState.DISCARDED, VisitState.DRAFT)

    async def _move(
        self, visit_id: str, revision: int, phone_id: str, source: VisitState, target: VisitState
    ) -> Visit:
        now = self._clock.now()
        who = who_acts(self._people, phone_id)
        act = "visit.discard" if target is VisitState.DISCARDED else "visit.restore"

        def work(tx: Transaction) -> Visit:
            before = current(tx, visit_id, revision)
            if before.state is not source:
                raise VisitClosed
            require_editor(tx, visit_id, phone_id, now)
            visit = msgspec.structs.replace(before, revision=revision + 1, state=target)
            tx.visits.put(visit)
            if target is VisitState.DISCARDED:
                tx.editors.remove(visit_id)
            note(tx, visit, at=now, act=act, who=who, phone_id=phone_id)
            return visit

        visit = await self._store.write(work)
        self._typing.pop(visit_id, None)
        announce(self._board, visit)
        return visit
