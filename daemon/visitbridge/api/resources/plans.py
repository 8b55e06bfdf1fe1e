"""Whom the team will visit today, and everybody the box has seen (beyond #4, J02)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.resources.consents import ConsentView, consent_view
from visitbridge.api.routes import AnyRoute, Call, NoQuery, Route, signed_in
from visitbridge.domain.consents import Person
from visitbridge.domain.people import Right, mask_id
from visitbridge.errors import FieldInvalid
from visitbridge.services.records.plans import KnownPerson, PlanDesk, PlanView


class DayQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A day in Taipei; absent: today."""

    day: dt.date | None = None


class AddPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either ``visit_id``, of an earlier visit of the same person, or ``person``."""

    planned_at: Annotated[dt.datetime, Meta(tz=True)]
    visit_id: Annotated[str, Meta(max_length=64)] = ""
    person: Person | None = None


class PlanLine(msgspec.Struct, frozen=True, kw_only=True):
    """``consent``: the one that counts and holds longest; ``fetched_at`` of the records it allowed."""

    plan_id: str
    planned_at: dt.datetime
    name: str
    id_masked: str
    birth_date: dt.date
    consent: ConsentView | None
    fetched_at: dt.datetime | None


class PatientLine(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with a visit on the box; ``visit_id`` of the last one."""

    visit_id: str
    visit_at: dt.datetime
    name: str
    id_masked: str
    birth_date: dt.date


class Plans:
    def __init__(self, desk: PlanDesk) -> None:
        self._desk = desk

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/plans",
                summary="Planned visits of a day, with consents and records",
                access=signed_in(Right.VISITS),
                handler=self._list,
                query=DayQuery,
                answer=list[PlanLine],
            ),
            Route(
                method="POST",
                path="/api/plans",
                summary="Plan a visit",
                access=signed_in(Right.VISITS),
                handler=self._add,
                body=AddPlan,
                answer=PlanLine,
                status=201,
            ),
            Route(
                method="DELETE",
                path="/api/plans/{plan_id}",
                summary="Take a planned visit back",
                access=signed_in(Right.VISITS),
                handler=self._remove,
                answer=None,
            ),
            Route(
                method="GET",
                path="/api/patients",
                summary="Everybody with a visit on the box, the last visit first",
                access=signed_in(Right.VISITS),
                handler=self._known,
                answer=list[PatientLine],
            ),
        ]

    async def _list(self, call: Call[DayQuery, None]) -> list[PlanLine]:
        return [_line(view) for view in await self._desk.of_day(call.query.day or self._desk.today)]

    async def _add(self, call: Call[NoQuery, AddPlan]) -> PlanLine:
        body = call.body
        if (body.person is None) == (not body.visit_id):
            raise FieldInvalid("either an earlier visit or a person", field="person")
        person = body.person or await self._desk.person_of(body.visit_id)
        return _line(await self._desk.add(body.planned_at, person))

    async def _remove(self, call: Call[NoQuery, None]) -> None:
        await self._desk.remove(call.path["plan_id"])

    async def _known(self, call: Call[NoQuery, None]) -> list[PatientLine]:
        return [_patient(known) for known in await self._desk.known()]


def _line(view: PlanView) -> PlanLine:
    plan = view.plan
    return PlanLine(
        plan_id=plan.plan_id,
        planned_at=plan.planned_at,
        name=plan.person.name,
        id_masked=mask_id(plan.person.id_no),
        birth_date=plan.person.birth_date,
        consent=None
        if view.consent is None
        else consent_view(view.consent, counts=True, fetched_at=view.fetched_at),
        fetched_at=view.fetched_at,
    )


def _patient(known: KnownPerson) -> PatientLine:
    return PatientLine(
        visit_id=known.visit_id,
        visit_at=known.visit_at,
        name=known.person.name,
        id_masked=mask_id(known.person.id_no),
        birth_date=known.person.birth_date,
    )
