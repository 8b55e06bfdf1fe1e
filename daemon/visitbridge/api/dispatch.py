"""From a route of the table to an aiohttp handler: limit, session, rule, decode, call, encode."""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec
from aiohttp import web

from visitbridge.api.access_log import PHONE
from visitbridge.api.body import LargeBodies, decode_body, decode_query, read_body, refuse_oversize
from visitbridge.api.guard import SAFE_METHODS
from visitbridge.api.routes import JSON_LIMIT_BYTES, Access, AnyRoute, Call, RawRoute, Route
from visitbridge.domain.people import BoxRole
from visitbridge.domain.phones import PhoneState
from visitbridge.errors import (
    NotPaired,
    PhoneLocked,
    PhoneOver,
    ProofStale,
    RightMissing,
    RoleMissing,
    StaffExpired,
    StaffRequired,
    VisitBridgeError,
)
from visitbridge.ports.records import PairedPhone
from visitbridge.services.grants import Acting
from visitbridge.words import Catalogue

COOKIE = "__Host-vb"
COOKIE_LIFE_S = 400 * 86_400
"""A phone stays paired when its browser is closed; 400 days are the longest that browsers keep a cookie. It says which
phone this is, and opens nothing once the box's own limits have run."""

_CLOSED: Final[Mapping[PhoneState, type[VisitBridgeError]]] = {
    PhoneState.LOCKED: PhoneLocked,
    PhoneState.OVER: PhoneOver,
}


class Sessions(Protocol):
    async def authenticate(self, cookie: str) -> PairedPhone:
        """The phone that a cookie's value belongs to. Raises NotPaired."""
        ...

    def state(self, phone: PairedPhone) -> PhoneState: ...

    def role(self, phone_id: str) -> BoxRole: ...

    def is_proven(self, phone_id: str) -> bool:
        """Whether somebody has shown card or code on this phone in the last minutes."""
        ...

    async def note_use(self, phone_id: str) -> None:
        """A person is at this phone."""
        ...


class SignedIn(Protocol):
    def acting(self, phone_id: str) -> Acting | None:
        """Who is signed in on a phone, or was until the session ran out; None: nobody."""
        ...


class InHand(Protocol):
    async def require(self, acting: Acting, visit_id: str) -> None:
        """Raises StaffExpired unless the visit is this person's own of the day."""
        ...


class Looks(Protocol):
    async def opened(self, acting: Acting, visit_id: str, *, phone_id: str) -> None:
        """Put on the audit trail that a person opened a visit."""
        ...


@dataclass(frozen=True, slots=True)
class Admitted:
    """``phone`` is None on open routes only. ``acting``: None when nobody acts on it."""

    phone: PairedPhone | None
    acting: Acting | None = None


class Dispatcher:
    """Makes handlers. ``staff`` tells who acts on a phone, ``in_hand`` what goes on after a session ran out.

    ``looks`` is told of every call about a visit, before it is answered.

    ``watch_token``: what a program that watches the box shows as a bearer (RFC 6750); empty: there is none.
    """

    def __init__(
        self,
        *,
        sessions: Sessions,
        staff: SignedIn,
        in_hand: InHand,
        looks: Looks,
        words: Catalogue,
        watch_token: str = "",
    ) -> None:
        self._sessions = sessions
        self._staff = staff
        self._in_hand = in_hand
        self._looks = looks
        self._words = words
        self._large = LargeBodies()
        self._watch_header = f"Bearer {watch_token}".encode() if watch_token else b""

    def handler_for(
        self, route: AnyRoute, on_phone: Callable[[web.Request], None] = lambda _: None
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """``on_phone`` is told of each request that turns out to be a paired phone's."""
        if isinstance(route, RawRoute):
            return self._raw_handler(route, on_phone)
        return self._json_handler(route, on_phone)

    async def admit(self, access: Access, request: web.Request) -> Admitted:
        """Who calls, once the rule allows it.

        Raises NotPaired, PhoneLocked, PhoneOver, RoleMissing, ProofStale, StaffRequired, StaffExpired, RightMissing.
        """
        if not access.phone or (access.watcher and self._is_watcher(request)):
            return Admitted(None)
        cookie = request.cookies.get(COOKIE, "")
        if not cookie:
            raise NotPaired("no session cookie")
        phone = await self._sessions.authenticate(cookie)
        request[PHONE] = phone.phone_id
        state = self._sessions.state(phone)
        if state is not PhoneState.OPEN and not access.locked:
            raise _CLOSED[state]("the phone is not open")
        if not self._sessions.role(phone.phone_id).covers(access.role):
            raise RoleMissing("role of the phone", params={"role": access.role.value})
        if access.proven and not self._sessions.is_proven(phone.phone_id):
            raise ProofStale("nobody has shown card or code lately")
        acting = self._staff.acting(phone.phone_id) if state is PhoneState.OPEN else None
        if access.staff or access.right is not None:
            await self._require_person(access, acting, request.match_info.get("visit_id"))
        if state is PhoneState.OPEN and request.method not in SAFE_METHODS:
            await self._sessions.note_use(phone.phone_id)
        return Admitted(phone, acting)

    def _is_watcher(self, request: web.Request) -> bool:
        shown = request.headers.get("Authorization", "").encode()
        return bool(self._watch_header) and hmac.compare_digest(shown, self._watch_header)

    async def _require_person(self, access: Access, acting: Acting | None, visit_id: str | None) -> None:
        if acting is None:
            raise StaffRequired("nobody is signed in on this phone")
        if access.right is not None and access.right not in acting.rights:
            raise RightMissing("service code not granted", params={"right": access.right.value})
        if access.staff and not acting.live:
            raise StaffExpired("the staff session is over")
        if not acting.live and visit_id is not None:
            await self._in_hand.require(acting, visit_id)

    async def _note_look(self, request: web.Request, admitted: Admitted) -> None:
        visit_id = request.match_info.get("visit_id")
        if visit_id is not None and admitted.phone is not None and admitted.acting is not None:
            await self._looks.opened(admitted.acting, visit_id, phone_id=admitted.phone.phone_id)

    def _raw_handler(
        self, route: RawRoute, on_phone: Callable[[web.Request], None]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            refuse_oversize(request, JSON_LIMIT_BYTES)
            admitted = await self.admit(route.access, request)
            if admitted.phone is not None:
                on_phone(request)
            await self._note_look(request, admitted)
            return await route.handler(request, admitted.phone)

        return handle

    def _room_for(
        self, route: Route[Any, Any, Any], admitted: Admitted
    ) -> contextlib.AbstractAsyncContextManager[object]:
        """A phone's turn to send something large; nothing to wait for with anything else."""
        if route.limit_bytes <= JSON_LIMIT_BYTES or admitted.phone is None:
            return contextlib.nullcontext()
        return self._large.turn(admitted.phone.phone_id)

    def _json_handler(
        self, route: Route[Any, Any, Any], on_phone: Callable[[web.Request], None]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            refuse_oversize(request, route.limit_bytes)
            admitted = await self.admit(route.access, request)
            if admitted.phone is not None:
                on_phone(request)
            async with self._room_for(route, admitted):
                return await answered(request, admitted)

        async def answered(request: web.Request, admitted: Admitted) -> web.StreamResponse:
            query = decode_query(route, request)
            body = await read_body(request, route.limit_bytes)
            try:
                if body:
                    # A sender takes its time: what the head was let in by may have ended since.
                    admitted = await self.admit(route.access, request)
                call: Call[Any, Any] = Call(
                    path=dict(request.match_info),
                    query=query,
                    body=decode_body(route, request.content_type, body),
                    phone=admitted.phone,
                    acting=admitted.acting,
                    client=request.remote or "",
                    language=self._words.choose(request.headers.get("Accept-Language", "")),
                )
                await self._note_look(request, admitted)
                answer = await route.handler(call)
            finally:
                body[:] = bytes(len(body))
            response = _json_response(route, answer)
            if call.cookie is not None:
                response.set_cookie(
                    COOKIE,
                    call.cookie,
                    max_age=COOKIE_LIFE_S,
                    path="/",
                    secure=True,
                    httponly=True,
                    samesite="Strict",
                )
            return response

        return handle


def _json_response(route: Route[Any, Any, Any], answer: object) -> web.Response:
    if route.answer is None:
        return web.Response(status=204)
    return web.Response(
        status=route.status, body=msgspec.json.encode(answer), content_type="application/json"
    )
