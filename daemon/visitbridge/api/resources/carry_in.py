"""歷史就醫 and 自動帶入: earlier visits of the same person, and taking over from one (Q01, Q02)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.routes import AnyRoute, Call, NoQuery, Route, reduced
from visitbridge.domain.people import Right
from visitbridge.services.visits.carry_in import CarriedIn, CarryIn, FormerVisit, LeftOut, Section


class TakeOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``revision``: the draft's, that the sections are added to."""

    revision: Annotated[int, Meta(ge=1)]
    from_visit_id: Annotated[str, Meta(min_length=1, max_length=64)]
    sections: Annotated[tuple[Section, ...], Meta(min_length=1, max_length=8)]


class TakenOver(msgspec.Struct, frozen=True, kw_only=True):
    """``revision``: the draft's new one."""

    revision: int
    left_out: tuple[LeftOut, ...]


class FormerVisits:
    def __init__(self, desk: CarryIn) -> None:
        self._desk = desk

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/visits/{visit_id}/former",
                summary="Earlier visits of the same person on this box",
                access=reduced(Right.VISITS),
                handler=self._list,
                answer=tuple[FormerVisit, ...],
            ),
            Route(
                method="POST",
                path="/api/visits/{visit_id}/carry-in",
                summary="Take sections of an earlier visit over into a draft",
                access=reduced(Right.VISITS),
                handler=self._carry,
                body=TakeOver,
                answer=TakenOver,
            ),
        ]

    async def _list(self, call: Call[NoQuery, None]) -> tuple[FormerVisit, ...]:
        return await self._desk.former(call.path["visit_id"], call.phone_id)

    async def _carry(self, call: Call[NoQuery, TakeOver]) -> TakenOver:
        body = call.body
        done: CarriedIn = await self._desk.carry(
            call.path["visit_id"], body.revision, body.from_visit_id, body.sections, call.phone_id
        )
        return TakenOver(revision=done.visit.revision, left_out=done.left_out)
