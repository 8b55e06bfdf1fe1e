"""健保署網站上的準備: the steps on the insurer's site, as people who were there say they are (A04, A05, A07)."""

from __future__ import annotations

from typing import Protocol

import msgspec

from visitbridge.api.routes import PAIRED, TECHNICIAN, AnyRoute, Call, NoQuery, Route
from visitbridge.domain.site_steps import SiteState, SiteStep
from visitbridge.errors import NotFound
from visitbridge.ports.records import StaffSessionRow
from visitbridge.services.site_steps import SiteBook, SiteStepView


class MarkStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    state: SiteState


class People(Protocol):
    def live_for_phone(self, phone_id: str) -> StaffSessionRow | None: ...


class SiteSteps:
    def __init__(self, book: SiteBook, people: People) -> None:
        self._book = book
        self._people = people

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/site-steps",
                summary="The steps on the insurer's own site, how far each is, and who said so; the box cannot see that site",
                access=PAIRED,
                handler=self._list,
                answer=tuple[SiteStepView, ...],
            ),
            Route(
                method="PUT",
                path="/api/site-steps/{step}",
                summary="Say how far a step on the insurer's site is",
                access=TECHNICIAN,
                handler=self._mark,
                body=MarkStep,
                answer=tuple[SiteStepView, ...],
            ),
        ]

    async def _list(self, call: Call[NoQuery, None]) -> tuple[SiteStepView, ...]:
        return await self._book.steps()

    async def _mark(self, call: Call[NoQuery, MarkStep]) -> tuple[SiteStepView, ...]:
        row = self._people.live_for_phone(call.phone_id)
        return await self._book.mark(
            _step(call.path["step"]),
            call.body.state,
            by=call.known_phone.name if row is None else row.name,
            staff_id="" if row is None else row.staff_id,
            phone_id=call.phone_id,
        )


def _step(name: str) -> SiteStep:
    """Raises NotFound."""
    try:
        return SiteStep(name)
    except ValueError as exc:
        raise NotFound("no such step", field="step") from exc
