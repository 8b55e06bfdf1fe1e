"""Pre-check and export of a visit, and the receipts of all visits of some days (R02)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.resources.consents import actor_on
from visitbridge.api.routes import AnyRoute, Call, NoQuery, Route, reduced, signed_in
from visitbridge.domain.people import Right
from visitbridge.protocols.visit_export.transcript import UnfitCharacter
from visitbridge.services.visits.exporting import ExportDesk, ExportForm
from visitbridge.services.visits.reconciling import Reconciliation, ReconciliationDesk
from visitbridge.services.visits.starting import SignedIn


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """``code``: of the insurer's check table; ``field``: the upload's element."""

    code: str
    field: str
    words: str


class VisitInspection(msgspec.Struct, frozen=True, kw_only=True):
    findings: tuple[FindingView, ...]
    unfit: tuple[UnfitCharacter, ...]


class ExportChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``chosen``: character outside Big5 → what a person writes in its place."""

    form: ExportForm
    chosen: Annotated[
        dict[Annotated[str, Meta(max_length=1)], Annotated[str, Meta(max_length=8)]], Meta(max_length=100)
    ] = {}


class ExportFile(msgspec.Struct, frozen=True, kw_only=True):
    """``content``: the file in base64."""

    name: str
    content: bytes


class Days(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """First and last day in Taipei, at most 31 of them."""

    since: dt.date
    until: dt.date


class Exports:
    def __init__(self, desk: ExportDesk, reconciling: ReconciliationDesk, staff: SignedIn) -> None:
        self._desk = desk
        self._reconciling = reconciling
        self._staff = staff

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/visits/{visit_id}/check",
                summary="What the insurer's check would refuse, and characters outside Big5",
                access=reduced(Right.VISITS),
                handler=self._check,
                answer=VisitInspection,
            ),
            Route(
                method="POST",
                path="/api/visits/{visit_id}/export",
                summary="A finished visit as a file for another program; noted in the audit",
                access=signed_in(Right.VISITS),
                handler=self._export,
                body=ExportChoice,
                answer=ExportFile,
            ),
            Route(
                method="POST",
                path="/api/reconciliation",
                summary="Finished visits of some days with their receipts, also as a table; noted in the audit",
                access=signed_in(Right.VISITS),
                handler=self._reconcile,
                body=Days,
                answer=Reconciliation,
            ),
        ]

    async def _check(self, call: Call[NoQuery, None]) -> VisitInspection:
        found = await self._desk.inspect(call.path["visit_id"])
        return VisitInspection(
            findings=tuple(
                FindingView(code=each.code, field=each.field, words=each.words) for each in found.findings
            ),
            unfit=found.unfit,
        )

    async def _export(self, call: Call[NoQuery, ExportChoice]) -> ExportFile:
        actor = actor_on(self._staff, call.phone_id)
        file = await self._desk.export(
            call.path["visit_id"], call.body.form, call.body.chosen, who=actor.who, phone_id=actor.phone_id
        )
        return ExportFile(name=file.name, content=file.content)

    async def _reconcile(self, call: Call[NoQuery, Days]) -> Reconciliation:
        actor = actor_on(self._staff, call.phone_id)
        return await self._reconciling.between(
            call.body.since, call.body.until, who=actor.who, phone_id=actor.phone_id
        )
