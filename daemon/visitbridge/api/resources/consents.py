"""Consents and their ledger (L06, Y07)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.resources.audit import ExportQuery
from visitbridge.api.routes import TECHNICIAN, AnyRoute, Call, NoQuery, Route, reduced, signed_in
from visitbridge.domain.consents import ConsentAct, ConsentEntry, ConsentTerms
from visitbridge.domain.people import Right, mask_id
from visitbridge.services.records.consents import ConsentDesk, ConsentState, LedgerCheck, LedgerPage
from visitbridge.services.records.ledger import Actor
from visitbridge.services.records.plans import PlanDesk
from visitbridge.services.visits.starting import SignedIn

Reason = Annotated[str, Meta(max_length=200)]


class GiveConsent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A paper that the person of a planned visit, or somebody of the family, has signed."""

    terms: ConsentTerms


class RevokeConsent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    why: Reason = ""


class ConsentView(msgspec.Struct, frozen=True, kw_only=True):
    """A consent as it stands. ``counts``: it holds now. ``fetched_at``: when the records on the box came."""

    consent_id: str
    name: str
    id_masked: str
    birth_date: dt.date
    act: ConsentAct
    at: dt.datetime
    who: str
    terms: ConsentTerms
    counts: bool
    fetched_at: dt.datetime | None


def consent_view(entry: ConsentEntry, *, counts: bool, fetched_at: dt.datetime | None) -> ConsentView:
    return ConsentView(
        consent_id=entry.consent_id,
        name=entry.person.name,
        id_masked=mask_id(entry.person.id_no),
        birth_date=entry.person.birth_date,
        act=entry.act,
        at=entry.at,
        who=entry.who,
        terms=entry.terms,
        counts=counts,
        fetched_at=fetched_at,
    )


def actor_on(staff: SignedIn, phone_id: str) -> Actor:
    """Whoever is signed in on a phone."""
    session = staff.live_for_phone(phone_id)
    return Actor(who="phone" if session is None else session.staff_id, phone_id=phone_id)


class Consents:
    def __init__(self, desk: ConsentDesk, plans: PlanDesk, staff: SignedIn) -> None:
        self._desk = desk
        self._plans = plans
        self._staff = staff

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/consents",
                summary="Consents that are neither revoked nor over",
                access=signed_in(Right.VISITS),
                handler=self._list,
                answer=list[ConsentView],
            ),
            Route(
                method="POST",
                path="/api/plans/{plan_id}/consent",
                summary="Record the written consent of the person of a planned visit",
                access=signed_in(Right.VISITS),
                handler=self._give,
                body=GiveConsent,
                answer=ConsentView,
                status=201,
            ),
            Route(
                method="POST",
                path="/api/consents/{consent_id}/renew",
                summary="Record a new paper for a consent",
                access=signed_in(Right.VISITS),
                handler=self._renew,
                body=GiveConsent,
                answer=ConsentView,
            ),
            Route(
                method="POST",
                path="/api/consents/{consent_id}/revoke",
                summary="Withdraw a consent and delete what was fetched under it",
                access=reduced(Right.VISITS),
                handler=self._revoke,
                body=RevokeConsent,
                answer=ConsentView,
            ),
            Route(
                method="GET",
                path="/api/consent-ledger",
                summary="Lines of the consent ledger, and its head",
                access=signed_in(Right.VISITS),
                handler=self._export,
                query=ExportQuery,
                answer=LedgerPage,
            ),
            Route(
                method="GET",
                path="/api/consent-ledger/check",
                summary="Whether the consent ledger is whole",
                access=TECHNICIAN,
                handler=self._check,
                answer=LedgerCheck,
            ),
        ]

    async def _list(self, call: Call[NoQuery, None]) -> list[ConsentView]:
        return [_view(state) for state in await self._desk.all()]

    async def _give(self, call: Call[NoQuery, GiveConsent]) -> ConsentView:
        person = (await self._plans.get(call.path["plan_id"])).plan.person
        return _view(await self._desk.give(person, call.body.terms, self._actor(call.phone_id)))

    async def _renew(self, call: Call[NoQuery, GiveConsent]) -> ConsentView:
        actor = self._actor(call.phone_id)
        return _view(await self._desk.renew(call.path["consent_id"], call.body.terms, actor))

    async def _revoke(self, call: Call[NoQuery, RevokeConsent]) -> ConsentView:
        actor = self._actor(call.phone_id)
        return _view(await self._desk.revoke(call.path["consent_id"], call.body.why, actor))

    async def _export(self, call: Call[ExportQuery, None]) -> LedgerPage:
        query = call.query
        return await self._desk.export(after=query.after, limit=query.limit, actor=self._actor(call.phone_id))

    async def _check(self, call: Call[NoQuery, None]) -> LedgerCheck:
        return await self._desk.check()

    def _actor(self, phone_id: str) -> Actor:
        return actor_on(self._staff, phone_id)


def _view(state: ConsentState) -> ConsentView:
    return consent_view(state.entry, counts=state.counts, fetched_at=state.fetched_at)
