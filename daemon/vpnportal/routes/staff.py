"""Staff sessions (rows F01-F05)."""

from __future__ import annotations

from aiohttp import web

from visitbridge.protocols.datacentre.cards import BatchAnswers
from visitbridge.protocols.datacentre.common import HEADER_STAFF
from vpnportal.callers import Caller, Need
from vpnportal.clock import PortalClock
from vpnportal.database import Database
from vpnportal.routing import Guard
from vpnportal.sign_in import SignInDesk
from vpnportal.staff import end_session
from vpnportal.wire import answer, read_message


class StaffRoutes:
    """Sign in with an HPC, sign out."""

    def __init__(self, database: Database, desk: SignInDesk, clock: PortalClock) -> None:
        self._database = database
        self._desk = desk
        self._clock = clock

    def register(self, app: web.Application, guard: Guard) -> None:
        guard.add(app, "POST", "/staff/sessions", Need.ENABLED, self._begin)
        guard.add(app, "POST", "/staff/sessions/{session_id}/answers", Need.ENABLED, self._answer)
        guard.add(app, "DELETE", "/staff/sessions", Need.CERTIFICATE, self._end)

    async def _begin(self, _: web.Request, caller: Caller) -> web.Response:
        return answer(await self._desk.begin(caller), status=201)

    async def _answer(self, request: web.Request, caller: Caller) -> web.Response:
        answers = await read_message(request, BatchAnswers)
        return answer(await self._desk.answer(caller, request.match_info["session_id"], answers))

    async def _end(self, request: web.Request, caller: Caller) -> web.Response:
        token, now = request.headers.get(HEADER_STAFF, ""), self._clock.now()
        await self._database.run(lambda connection: end_session(connection, caller, token, now))
        return web.Response(status=204)
