"""Card sessions: the HTTP side of :mod:`vpnportal.cards` (data-centre.md §3)."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import Connection

from visitbridge.protocols.datacentre.cards import (
    BatchAnswers,
    OpenCardSession,
    SessionStep,
    WriteIntent,
    intent_digest,
)
from vpnportal.callers import Caller, Need
from vpnportal.cards import CardSessions, StaffView
from vpnportal.clock import PortalClock
from vpnportal.database import Database, insert_if_absent
from vpnportal.records import note_sighting
from vpnportal.routing import Guard
from vpnportal.schema import card_intents
from vpnportal.staff import require_session
from vpnportal.wire import answer, read_message, well_formed_key


class CardRoutes:
    """The sessions themselves run in the database's thread, one call at a time."""

    def __init__(self, database: Database, sessions: CardSessions, clock: PortalClock) -> None:
        self._database = database
        self._sessions = sessions
        self._clock = clock

    def register(self, app: web.Application, guard: Guard) -> None:
        guard.add(app, "POST", "/cards/sessions", Need.ENABLED, self._open)
        guard.add(app, "POST", "/cards/sessions/{session_id}/answers", Need.ENABLED, self._answer)
        guard.add(app, "DELETE", "/cards/sessions/{session_id}", Need.CERTIFICATE, self._close)

    async def _open(self, request: web.Request, caller: Caller) -> web.Response:
        message = await read_message(request, OpenCardSession)
        if message.intent is not None:
            well_formed_key(message.intent.key, "intent.key")

        def work() -> SessionStep:
            staff = self._database.transact(lambda connection: self._prepare(connection, caller, message))
            return self._sessions.open(
                message, box_id=caller.device_id, institution=caller.institution, staff=staff
            )

        return answer(await self._database.call(work), status=201)

    async def _answer(self, request: web.Request, caller: Caller) -> web.Response:
        session_id = request.match_info["session_id"]
        answers = await read_message(request, BatchAnswers)

        def work() -> SessionStep:
            step = self._sessions.answer(session_id, box_id=caller.device_id, answers=answers)
            if step.card is not None and step.card.contents is not None:
                id_no, now = step.card.contents.basic.id_no, self._clock.now()
                self._database.transact(lambda connection: note_sighting(connection, caller, id_no, now))
            return step

        return answer(await self._database.call(work))

    async def _close(self, request: web.Request, caller: Caller) -> web.Response:
        session_id = request.match_info["session_id"]
        await self._database.call(lambda: self._sessions.close(session_id, box_id=caller.device_id))
        return web.Response(status=204)

    def _prepare(self, connection: Connection, caller: Caller, message: OpenCardSession) -> StaffView:
        member = require_session(connection, caller, message.staff_token, self._clock.now())
        if message.intent is not None and message.intent.institution == caller.institution:
            self._note_intent(connection, caller, message.intent)
        return StaffView(
            staff_id=member.staff_id,
            hpc_no=member.hpc_no,
            name=member.name,
            kind=member.kind,
            rights=member.rights,
        )

    def _note_intent(self, connection: Connection, caller: Caller, intent: WriteIntent) -> None:
        """Record whose intent this is and which card's. A receipt is bound to the very intent it was given for."""
        insert_if_absent(
            connection,
            card_intents,
            {
                "key": intent.key,
                "digest": intent_digest(intent),
                "institution": caller.institution,
                "device_id": caller.device_id,
                "card_no": intent.card_no,
                "visit_time": intent.visit_time,
                "opened_at": self._clock.now(),
            },
        )
