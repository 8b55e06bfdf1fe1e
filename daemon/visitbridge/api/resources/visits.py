"""Visits: start, save, finish, look at; the prescription of one (M01-N09, O01)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from visitbridge.api.qr import qr_svg
from visitbridge.api.resources.outbox import JobItem, JobItems
from visitbridge.api.routes import AnyRoute, Call, NoQuery, Route, reduced
from visitbridge.domain.people import Right, mask_id
from visitbridge.domain.signature import Signature
from visitbridge.domain.visit import FinishMode, Visit, VisitContent, VisitFlags, VisitState
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import PairedPhone, VisitSummary
from visitbridge.protocols.datacentre.common import Receipt
from visitbridge.services.visits.desk import VisitDesk
from visitbridge.services.visits.views import EditorView, VisitView

Revision = Annotated[int, Meta(ge=1)]


class StartVisit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``offline``: true asks for F00B, false insists on the data centre, absent takes what there is."""

    reader_id: Annotated[str, Meta(min_length=1, max_length=128)]
    offline: bool | None = None


class SaveContent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``revision`` is the one that the content was typed on top of."""

    revision: Revision
    content: VisitContent


class FinishVisit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    revision: Revision
    mode: FinishMode


class DiscardVisit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    revision: Revision


class VisitQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    state: VisitState | None = None


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """The content is on the box's disk."""

    revision: int
    saved_at: dt.datetime


class VisitLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the visit list."""

    visit_id: str
    revision: int
    state: VisitState
    patient_name: str
    visit_at: dt.datetime
    sequence_no: str
    flags: VisitFlags


class ShownIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """``id_no``: the whole number."""

    id_no: str


class VisitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``id_no`` of patient and practitioner are masked (``A12****788``). ``receipts`` by job kind. ``notice``: a key of the words, said in one sentence, or empty.

    ``editor``: the phone that may change the draft, None while nobody does.
    """

    visit: Visit
    flags: VisitFlags
    jobs: tuple[JobItem, ...]
    receipts: dict[str, Receipt]
    notice: str
    editor: EditorView | None
    signature: Signature | None


class Prescription(msgspec.Struct, frozen=True, kw_only=True):
    """``waiting_for`` is a key of the words until ``ready``; ``passphrase`` is 通關密碼."""

    ready: bool
    waiting_for: str
    qr_svg: str
    passphrase: str


class Turns(Protocol):
    """The part of ``services.turns.ReaderTurns`` that begins a phone's turn at a reader, or goes on with it."""

    def use(self, reader_id: str, phone: PairedPhone) -> None: ...


class Visits:
    def __init__(self, desk: VisitDesk, items: JobItems, clock: Clock, turns: Turns) -> None:
        self._turns = turns
        self._desk = desk
        self._items = items
        self._clock = clock

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="POST",
                path="/api/visits",
                summary="Begin a visit with the NHI card in a reader, or go on with today's draft",
                access=reduced(Right.VISITS),
                handler=self._start,
                body=StartVisit,
                answer=VisitAnswer,
                status=201,
            ),
            Route(
                method="GET",
                path="/api/visits",
                summary="Visits, newest first",
                access=reduced(Right.VISITS),
                handler=self._list,
                query=VisitQuery,
                answer=list[VisitLine],
            ),
            Route(
                method="GET",
                path="/api/visits/{visit_id}",
                summary="One visit with its flags, jobs and receipts",
                access=reduced(Right.VISITS),
                handler=self._get,
                answer=VisitAnswer,
            ),
            Route(
                method="POST",
                path="/api/visits/{visit_id}/identity",
                summary="The patient's whole id number; that it was shown is on the audit trail",
                access=reduced(Right.VISITS),
                handler=self._show_identity,
                answer=ShownIdentity,
            ),
            Route(
                method="PUT",
                path="/api/visits/{visit_id}/content",
                summary="Save what was typed; it is on disk when this answers",
                access=reduced(Right.VISITS),
                handler=self._save,
                body=SaveContent,
                answer=Saved,
            ),
            Route(
                method="POST",
                path="/api/visits/{visit_id}/finish",
                summary="Finish in one of the four modes",
                access=reduced(Right.VISITS),
                handler=self._finish,
                body=FinishVisit,
                answer=VisitAnswer,
            ),
            Route(
                method="POST",
                path="/api/visits/{visit_id}/discard",
                summary="Throw a draft away",
                access=reduced(Right.VISITS),
                handler=self._discard,
                body=DiscardVisit,
                answer=VisitAnswer,
            ),
            Route(
                method="GET",
                path="/api/visits/{visit_id}/prescription",
                summary="What the family takes to the pharmacy",
                access=reduced(Right.VISITS),
                handler=self._prescription,
                answer=Prescription,
            ),
        ]

    async def _start(self, call: Call[NoQuery, StartVisit]) -> VisitAnswer:
        self._turns.use(call.body.reader_id, call.known_phone)
        visit = await self._desk.start(call.body.reader_id, call.phone_id, offline=call.body.offline)
        return await self.answer(visit.visit_id, call.language)

    async def _list(self, call: Call[VisitQuery, None]) -> list[VisitLine]:
        lines = await self._desk.list(call.query.state)
        return [_line(summary) for summary in await self._desk.in_hand.of(call.acting, lines)]

    async def _get(self, call: Call[NoQuery, None]) -> VisitAnswer:
        return await self.answer(call.path["visit_id"], call.language)

    async def _show_identity(self, call: Call[NoQuery, None]) -> ShownIdentity:
        id_no = await self._desk.identities.show(call.path["visit_id"], who=call.who, phone_id=call.phone_id)
        return ShownIdentity(id_no=id_no)

    async def _save(self, call: Call[NoQuery, SaveContent]) -> Saved:
        visit = await self._desk.drafts.save(
            call.path["visit_id"], call.body.revision, call.body.content, call.phone_id
        )
        return Saved(revision=visit.revision, saved_at=self._clock.now())

    async def _finish(self, call: Call[NoQuery, FinishVisit]) -> VisitAnswer:
        view = await self._desk.finish(
            call.path["visit_id"], call.body.revision, call.body.mode, call.phone_id
        )
        return self._shown(view, call.language)

    async def _discard(self, call: Call[NoQuery, DiscardVisit]) -> VisitAnswer:
        visit = await self._desk.drafts.discard(call.path["visit_id"], call.body.revision, call.phone_id)
        return await self.answer(visit.visit_id, call.language)

    async def _prescription(self, call: Call[NoQuery, None]) -> Prescription:
        view = await self._desk.prescription(call.path["visit_id"])
        return Prescription(
            ready=view.ready,
            waiting_for=view.waiting_for,
            qr_svg=qr_svg(view.qr_text) if view.ready else "",
            passphrase=view.passphrase,
        )

    async def answer(self, visit_id: str, language: str) -> VisitAnswer:
        """The visit as it is now. Raises NotFound."""
        return self._shown(await self._desk.get(visit_id), language)

    def _shown(self, view: VisitView, language: str) -> VisitAnswer:
        return VisitAnswer(
            visit=_masked(view.visit),
            flags=view.flags,
            jobs=tuple(self._items.of(job, language) for job in view.jobs),
            receipts=view.receipts,
            notice=view.notice,
            editor=view.editor,
            signature=view.signature,
        )


def _masked(visit: Visit) -> Visit:
    patient, practitioner = (
        msgspec.structs.replace(person, id_no=mask_id(person.id_no))
        for person in (visit.patient, visit.practitioner)
    )
    return msgspec.structs.replace(visit, patient=patient, practitioner=practitioner)


def _line(summary: VisitSummary) -> VisitLine:
    return VisitLine(**{name: getattr(summary, name) for name in VisitLine.__struct_fields__})
