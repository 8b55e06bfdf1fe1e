"""The audit trail for the owner and technicians: export and check (Y08)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.routes import TECHNICIAN, AnyRoute, Call, Route
from visitbridge.services.audit import AuditCheck, AuditDesk, AuditHead, AuditPage


class ExportQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows from number ``after`` + 1 on."""

    after: Annotated[int, Meta(ge=0, le=2**53)] = 0
    limit: Annotated[int, Meta(ge=1, le=500)] = 500


class CheckQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A head written down earlier; 0 when there is none."""

    number: Annotated[int, Meta(ge=0, le=2**53)] = 0
    chain: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""


class Audit:
    def __init__(self, desk: AuditDesk) -> None:
        self._desk = desk

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/audit",
                summary="Rows of the audit trail, and its head",
                access=TECHNICIAN,
                handler=self._export,
                query=ExportQuery,
                answer=AuditPage,
            ),
            Route(
                method="GET",
                path="/api/audit/check",
                summary="Whether the audit trail is whole and still contains a head seen earlier",
                access=TECHNICIAN,
                handler=self._check,
                query=CheckQuery,
                answer=AuditCheck,
            ),
        ]

    async def _export(self, call: Call[ExportQuery, None]) -> AuditPage:
        return await self._desk.export(after=call.query.after, limit=call.query.limit, phone_id=call.phone_id)

    async def _check(self, call: Call[CheckQuery, None]) -> AuditCheck:
        known = AuditHead(number=call.query.number, chain=call.query.chain) if call.query.number else None
        return await self._desk.check(known)
