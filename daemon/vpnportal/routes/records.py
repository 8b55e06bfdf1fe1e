"""Eligibility (I03) and cloud records (L02-L04)."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import Connection

from visitbridge.domain.people import Right
from visitbridge.protocols.datacentre.common import HEADER_STAFF, ProblemCode
from visitbridge.protocols.datacentre.records import RecordsAnswer, RecordsQuery
from visitbridge.protocols.datacentre.uploads import EligibilityRequest
from vpnportal.callers import Caller, Need
from vpnportal.clock import PortalClock
from vpnportal.database import Database
from vpnportal.problems import refuse
from vpnportal.records import check_eligibility, find_records, is_on_list
from vpnportal.routing import Guard
from vpnportal.staff import require_right, require_session
from vpnportal.wire import answer, read_message


class RecordRoutes:
    """What the other side knows of a patient."""

    def __init__(self, database: Database, clock: PortalClock) -> None:
        self._database = database
        self._clock = clock

    def register(self, app: web.Application, guard: Guard) -> None:
        guard.add(app, "POST", "/eligibility", Need.ENABLED, self._eligibility)
        guard.add(app, "POST", "/records/query", Need.ENABLED, self._query)

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
            member = require_session(connection, caller, token, now)
            require_right(member, Right.VISITS, Right.DISPENSING, Right.EMERGENCY)
            if not is_on_list(connection, caller.institution, message.id_no):
                raise refuse(
                    403,
                    ProblemCode.RIGHT_MISSING,
                    title="not on the home-care list of this institution",
                    field="id_no",
                    words="此人不在貴院居家照護名單內，無法查詢。",
                )
            return RecordsAnswer(records=find_records(connection, message.id_no, message.kinds), as_of=now)

        return answer(await self._database.run(work))
