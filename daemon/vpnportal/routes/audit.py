"""Audit trails come in (Y08)."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import Connection

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.audit_head import read_head
from visitbridge.protocols.datacentre.audit_trail import TrailAnswer, TrailUpload
from vpnportal.audit_heads import note_head, raise_alert
from vpnportal.audit_rows import take_rows
from vpnportal.callers import Caller, Need
from vpnportal.clock import PortalClock
from vpnportal.database import Database
from vpnportal.problems import malformed
from vpnportal.routing import Guard
from vpnportal.wire import answer, read_message


class AuditRoutes:
    """A disabled box may bring its trail, too: what was done on it must not be lost with it."""

    def __init__(self, database: Database, clock: PortalClock) -> None:
        self._database = database
        self._clock = clock

    def register(self, app: web.Application, guard: Guard) -> None:
        guard.add(app, "POST", "/audit", Need.CERTIFICATE, self._take)

    async def _take(self, request: web.Request, caller: Caller) -> web.Response:
        upload = await read_message(request, TrailUpload)
        try:
            head = read_head(upload.head)
        except FieldInvalid as exc:
            raise malformed("the head of the audit trail cannot be read", field="head") from exc
        device, now = caller.device, self._clock.now()

        def work(connection: Connection) -> int:
            note_head(connection, device.device_id, device.sheet_id, head, now)
            kept, trouble = take_rows(connection, device.device_id, device.sheet_id, upload, now)
            if trouble is not None:
                raise_alert(
                    connection, device.device_id, trouble, number=upload.after + 1, known=kept, now=now
                )
            return kept

        return answer(TrailAnswer(kept=await self._database.run(work)))
