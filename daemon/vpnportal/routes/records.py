"""Eligibility (I03) and cloud records, with the card or with consent (L02-L06)."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import Connection

from visitbridge.domain.people import Right
from visitbridge.protocols.datacentre.common import HEADER_STAFF
from visitbridge.protocols.datacentre.records import BatchAnswer, RecordsAnswer, RecordsBatch, RecordsQuery
from visitbridge.protocols.datacentre.uploads import EligibilityRequest
from vpnportal.callers import Caller, Need
from vpnportal.clock import PortalClock
from vpnportal.database import Database
from vpnportal.records import check_eligibility, query_with_card, query_with_consent
from vpnportal.routing import Guard
from vpnportal.staff import StaffMember, require_right, require_session
from vpnportal.wire import answer, read_message


class RecordRoutes:
    """What the other side knows of a patient."""

    def __init__(self, database: Database, clock: PortalClock) -> None:
        self._database = database
        self._clock = clock

    def register(self, app: web.Application, guard: Guard) -> None:
        guard.add(app, "POST", "/eligibility", Need.ENABLED, self._eligibility)
        guard.add(app, "POST", "/records/query", Need.ENABLED, self._query)
        guard.add(app, "POST", "/records/batch", Need.ENABLED, self._batch)

    async def _eligibility(self, request: web.Request, caller: Caller) -> web.Response:
        message, now = await read_message(request, EligibilityRequest), self._clock.now()
        return answer(
            await self._database.run(
                lambda connection: check_eligibility(connection, caller.institution, message, now)
            )
        )

    async def _query(self, request: web.Request, caller: Caller) -> web.Response:
        message, now = await read_message(request, RecordsQuery), self._clock.now()
        token = request.headers.get(HEADER_STAFF, "")

        def work(connection: Connection) -> RecordsAnswer:
            self._member(connection, caller, token)
            return RecordsAnswer(records=query_with_card(connection, caller, message, now), as_of=now)

        return answer(await self._database.run(work))

    async def _batch(self, request: web.Request, caller: Caller) -> web.Response:
        message, now = await read_message(request, RecordsBatch), self._clock.now()
        token = request.headers.get(HEADER_STAFF, "")

        def work(connection: Connection) -> BatchAnswer:
            staff_id = self._member(connection, caller, token).staff_id
            lines = (query_with_consent(connection, caller, staff_id, each, now) for each in message.queries)
            return BatchAnswer(lines=tuple(lines), as_of=now)

        return answer(await self._database.run(work))

    def _member(self, connection: Connection, caller: Caller, token: str) -> StaffMember:
        member = require_session(connection, caller, token, self._clock.now())
        require_right(member, Right.VISITS, Right.DISPENSING, Right.EMERGENCY)
        return member
