"""Uploads, their pre-checks, and receipts (data-centre.md §1.2-1.5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.audit_head import HEADER_AUDIT_HEAD, read_head
from visitbridge.protocols.datacentre.common import MissingAnswer, MissingRequest
from visitbridge.protocols.datacentre.handoff import RefusedAnswer
from visitbridge.protocols.datacentre.uploads import PrecheckAnswer, UploadKind
from vpnportal.audit_heads import note_head
from vpnportal.callers import Caller, Need
from vpnportal.clock import PortalClock
from vpnportal.database import Database
from vpnportal.handoff_refusals import find_refusals
from vpnportal.problems import malformed
from vpnportal.receipts import ReceiptBook
from vpnportal.routing import Guard, GuardedHandler
from vpnportal.uploads import UploadDesk
from vpnportal.wire import answer, idempotency_key, read_message

PRECHECKED = (UploadKind.VISIT, UploadKind.IC_RECORD)


class Hold(msgspec.Struct, frozen=True):
    """Keeps a request between the claim of its key and its effect until ``wait`` returns."""

    wait: Callable[[], Awaitable[None]]


HOLD = web.RequestKey("HOLD", Hold)
"""Set by a lab's fault."""


async def _at_once() -> None:
    pass


class UploadRoutes:
    """What a box sends, and what it asks about that."""

    def __init__(
        self, database: Database, desk: UploadDesk, receipts: ReceiptBook, clock: PortalClock
    ) -> None:
        self._database = database
        self._clock = clock
        self._desk = desk
        self._receipts = receipts

    def register(self, app: web.Application, guard: Guard) -> None:
        for kind in UploadKind:
            guard.add(app, "POST", kind.path, Need.SAM, self._accept(kind))
        for kind in PRECHECKED:
            guard.add(app, "POST", f"{kind.path}/precheck", Need.SAM, self._precheck(kind))
        # Asking must be possible at any time: it is how a box settles what it is unsure of.
        guard.add(app, "GET", "/receipts/{key}", Need.CERTIFICATE, self._receipt)
        guard.add(app, "POST", "/receipts/missing", Need.CERTIFICATE, self._missing)
        guard.add(app, "POST", "/handoffs/refused", Need.CERTIFICATE, self._refused)

    def _accept(self, kind: UploadKind) -> GuardedHandler:
        async def accept(request: web.Request, caller: Caller) -> web.Response:
            key = idempotency_key(request)
            body = await request.read()
            await self._note_head(request, caller)
            hold = request.get(HOLD, Hold(_at_once))
            receipt = await self._desk.accept(kind, caller, key, body, before_effect=hold.wait)
            return answer(receipt)

        return accept

    async def _note_head(self, request: web.Request, caller: Caller) -> None:
        """Keep the head of the box's audit trail. A box that never told one is an older program's."""
        told = request.headers.get(HEADER_AUDIT_HEAD)
        try:
            head = None if told is None else read_head(told)
        except FieldInvalid as exc:
            raise malformed("the head of the audit trail cannot be read", field=HEADER_AUDIT_HEAD) from exc
        device, now = caller.device, self._clock.now()
        await self._database.run(
            lambda connection: note_head(connection, device.device_id, device.sheet_id, head, now)
        )

    def _precheck(self, kind: UploadKind) -> GuardedHandler:
        async def precheck(request: web.Request, caller: Caller) -> web.Response:
            findings = await self._desk.precheck(kind, caller, await request.read())
            return answer(PrecheckAnswer(checks=findings))

        return precheck

    async def _receipt(self, request: web.Request, caller: Caller) -> web.Response:
        return answer(await self._desk.status(caller, request.match_info["key"]))

    async def _missing(self, request: web.Request, caller: Caller) -> web.Response:
        message = await read_message(request, MissingRequest)
        missing = await self._database.run(
            lambda connection: self._receipts.missing(connection, message.keys, caller.institution)
        )
        return answer(MissingAnswer(missing=missing))

    async def _refused(self, request: web.Request, caller: Caller) -> web.Response:
        message = await read_message(request, MissingRequest)
        refused = await self._database.run(
            lambda connection: find_refusals(connection, caller.institution, message.keys)
        )
        return answer(RefusedAnswer(refused=refused))
