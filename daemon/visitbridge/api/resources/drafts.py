"""What goes on around a draft: who edits it, the signature under it, what the rules say, taking it back (Y04, Y05)."""

from __future__ import annotations

import msgspec

from visitbridge.api.resources.visits import DiscardVisit, VisitAnswer, Visits
from visitbridge.api.routes import PAIRED, AnyRoute, Call, NoQuery, Route, reduced
from visitbridge.domain.people import Right
from visitbridge.domain.programmes import CLAIMING, Programme
from visitbridge.domain.signature import Drawing, Signature
from visitbridge.services.visits.advice import VisitAdvice
from visitbridge.services.visits.desk import VisitDesk


class EditDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``take``: also when another phone edits it, which then may only look on."""

    take: bool = False


class ProgrammeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One programme with what is public of how its visits are claimed; ``case_types`` empty where nothing is."""

    programme: Programme
    case_types: tuple[str, ...]
    special_item: str
    visit_type: str


class Drafts:
    def __init__(self, desk: VisitDesk, visits: Visits) -> None:
        self._desk = desk
        self._visits = visits

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="POST",
                path="/api/visits/{visit_id}/editor",
                summary="Edit a draft with this phone, or see which one does",
                access=reduced(Right.VISITS),
                handler=self._edit,
                body=EditDraft,
                answer=VisitAnswer,
            ),
            Route(
                method="DELETE",
                path="/api/visits/{visit_id}/editor",
                summary="Let another phone edit the draft",
                access=reduced(Right.VISITS),
                handler=self._leave,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/visits/{visit_id}/restore",
                summary="Take back a draft that was thrown away",
                access=reduced(Right.VISITS),
                handler=self._restore,
                body=DiscardVisit,
                answer=VisitAnswer,
            ),
            Route(
                method="PUT",
                path="/api/visits/{visit_id}/signature",
                summary="Keep the signature of the patient or the family",
                access=reduced(Right.VISITS),
                handler=self._sign,
                body=Drawing,
                answer=Signature,
            ),
            Route(
                method="DELETE",
                path="/api/visits/{visit_id}/signature",
                summary="Take the signature off a draft",
                access=reduced(Right.VISITS),
                handler=self._clear,
                answer=None,
            ),
            Route(
                method="GET",
                path="/api/visits/{visit_id}/advice",
                summary="What the rules say about a visit as it is saved",
                access=reduced(Right.VISITS),
                handler=self._advice,
                answer=VisitAdvice,
            ),
            Route(
                method="GET",
                path="/api/programmes",
                summary="The programmes that a visit may belong to",
                access=PAIRED,
                handler=self._programmes,
                answer=list[ProgrammeLine],
            ),
        ]

    async def _edit(self, call: Call[NoQuery, EditDraft]) -> VisitAnswer:
        visit_id = call.path["visit_id"]
        await self._desk.drafts.edit(visit_id, call.phone_id, take=call.body.take)
        return await self._visits.answer(visit_id, call.language)

    async def _leave(self, call: Call[NoQuery, None]) -> None:
        await self._desk.drafts.leave(call.path["visit_id"], call.phone_id)

    async def _restore(self, call: Call[NoQuery, DiscardVisit]) -> VisitAnswer:
        visit = await self._desk.drafts.restore(call.path["visit_id"], call.body.revision, call.phone_id)
        return await self._visits.answer(visit.visit_id, call.language)

    async def _sign(self, call: Call[NoQuery, Drawing]) -> Signature:
        return await self._desk.signatures.sign(call.path["visit_id"], call.body, call.phone_id)

    async def _clear(self, call: Call[NoQuery, None]) -> None:
        await self._desk.signatures.clear(call.path["visit_id"], call.phone_id)

    async def _advice(self, call: Call[NoQuery, None]) -> VisitAdvice:
        return await self._desk.advice.about(call.path["visit_id"])

    async def _programmes(self, _: Call[NoQuery, None]) -> list[ProgrammeLine]:
        return [
            ProgrammeLine(
                programme=programme,
                case_types=claiming.case_types,
                special_item=claiming.special_item,
                visit_type=claiming.visit_type,
            )
            for programme, claiming in CLAIMING.items()
        ]
