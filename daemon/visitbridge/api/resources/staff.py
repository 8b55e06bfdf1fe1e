"""Staff sessions: sign in with card and PIN, switch, end (F01-F09)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.digits import SecretDigits, take_digits
from visitbridge.api.resources.visits import Turns
from visitbridge.api.routes import KNOWN, PAIRED, AnyRoute, Call, NoQuery, Route
from visitbridge.domain.people import BoxRole
from visitbridge.errors import NotFound, RoleMissing, VisitBridgeError
from visitbridge.services.phones import PhoneDesk
from visitbridge.services.staff import StaffDesk
from visitbridge.services.staff_terms import view
from visitbridge.services.topics import StaffSessionView


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``pin`` stays raw: a view into the request's buffer, which is wiped after the call."""

    reader_id: Annotated[str, Meta(min_length=1, max_length=128)]
    pin: SecretDigits


class Staff:
    def __init__(self, desk: StaffDesk, phones: PhoneDesk, turns: Turns) -> None:
        self._turns = turns
        self._desk = desk
        self._phones = phones

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="POST",
                path="/api/staff/sessions",
                summary="Verify the health-professional card in a reader by its PIN; opens a locked phone too",
                access=KNOWN,
                handler=self._sign_in,
                body=SignIn,
                answer=StaffSessionView,
                status=201,
            ),
            Route(
                method="GET",
                path="/api/staff/sessions",
                summary="Live staff sessions of this box",
                access=PAIRED,
                handler=self._list,
                answer=list[StaffSessionView],
            ),
            Route(
                method="DELETE",
                path="/api/staff/sessions/{session_id}",
                summary="End a staff session",
                access=PAIRED,
                handler=self._end,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/staff/sessions/{session_id}/use",
                summary="Work under another session that is bound to this phone",
                access=PAIRED,
                handler=self._use,
                answer=StaffSessionView,
            ),
            Route(
                method="PUT",
                path="/api/staff/sessions/{session_id}/phones/{phone_id}",
                summary="Use a session of this phone on one more phone",
                access=PAIRED,
                handler=self._share,
                answer=StaffSessionView,
            ),
        ]

    async def _sign_in(self, call: Call[NoQuery, SignIn]) -> StaffSessionView:
        self._turns.use(call.body.reader_id, call.known_phone)
        pin = take_digits(call.body.pin, field="pin")
        session = await self._desk.sign_in(call.body.reader_id, pin, call.phone_id)
        try:
            call.cookie = await self._phones.open(call.known_phone, why="card", proven=True)
        except VisitBridgeError:
            # The phone was removed while its card was verified: nobody works under this session.
            await self._desk.end(session.session_id, call.phone_id)
            raise
        return view(session)

    async def _list(self, call: Call[NoQuery, None]) -> list[StaffSessionView]:
        return [view(row) for row in self._desk.sessions()]

    async def _end(self, call: Call[NoQuery, None]) -> None:
        """A person ends the own session; a technician, who has just shown card or code, anybody's."""
        session = self._desk.session(call.path["session_id"])
        if call.phone_id not in session.phone_ids:
            if not self._phones.role(call.phone_id).covers(BoxRole.TECHNICIAN):
                raise RoleMissing("session of another phone", params={"role": BoxRole.TECHNICIAN.value})
            self._phones.require_proven(call.phone_id)
        await self._desk.end(session.session_id, call.phone_id)

    async def _use(self, call: Call[NoQuery, None]) -> StaffSessionView:
        session = await self._desk.use(call.path["session_id"], call.phone_id)
        call.cookie = await self._phones.renew_cookie(call.known_phone)
        return view(session)

    async def _share(self, call: Call[NoQuery, None]) -> StaffSessionView:
        phone_id = call.path["phone_id"]
        if not self._phones.is_paired(phone_id):
            raise NotFound("phone", field="phone_id")
        return view(await self._desk.share(call.path["session_id"], phone_id, by=call.phone_id))
