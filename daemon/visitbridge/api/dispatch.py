"""From a route of the table to an aiohttp handler: limit, session, rule, decode, call, encode."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any, Protocol

import msgspec
from aiohttp import web

from visitbridge.api.body import decode_body, decode_query, read_body, refuse_oversize
from visitbridge.api.routes import JSON_LIMIT_BYTES, Access, AnyRoute, Call, RawRoute, Route
from visitbridge.domain.people import BoxRole, Right
from visitbridge.errors import NotPaired, RightMissing, RoleMissing, StaffRequired
from visitbridge.ports.records import PairedPhone, StaffSessionRow
from visitbridge.words import Catalogue

COOKIE = "__Host-vb"


class Sessions(Protocol):
    async def authenticate(self, token: str) -> PairedPhone:
        """The phone that a cookie's value belongs to. Raises NotPaired."""
        ...

    def role(self, phone_id: str) -> BoxRole: ...


class SignedIn(Protocol):
    def live_for_phone(self, phone_id: str) -> StaffSessionRow | None: ...

    def last_rights(self, phone_id: str) -> frozenset[Right] | None:
        """Rights of whoever signed in last on a phone, else of whoever signed in on this box; None: nobody."""
        ...


class Dispatcher:
    """Makes handlers. ``staff`` tells who is signed in on a phone."""

    def __init__(self, *, sessions: Sessions, staff: SignedIn, words: Catalogue) -> None:
        self._sessions = sessions
        self._staff = staff
        self._words = words

    def handler_for(
        self, route: AnyRoute, on_phone: Callable[[web.Request], None] = lambda _: None
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """``on_phone`` is told of each request that turns out to be a paired phone's."""
        if isinstance(route, RawRoute):
            return self._raw_handler(route, on_phone)
        return self._json_handler(route, on_phone)

    async def admit(self, access: Access, request: web.Request) -> PairedPhone | None:
        """The calling phone, once the rule allows it. Raises NotPaired, RoleMissing, StaffRequired, RightMissing."""
        if not access.phone:
            return None
        token = request.cookies.get(COOKIE, "")
        if not token:
            raise NotPaired("no session cookie")
        phone = await self._sessions.authenticate(token)
        if not self._sessions.role(phone.phone_id).covers(access.role):
            raise RoleMissing("role of the phone", params={"role": access.role.value})
        if access.staff or access.right is not None:
            self._require_person(access, phone.phone_id)
        return phone

    def _require_person(self, access: Access, phone_id: str) -> None:
        session = self._staff.live_for_phone(phone_id)
        rights: Collection[Right] | None = session.rights if session is not None else None
        if rights is None and not access.staff:
            rights = self._staff.last_rights(phone_id)
        if rights is None:
            raise StaffRequired("nobody is signed in on this phone")
        if access.right is not None and access.right not in rights:
            raise RightMissing("service code not granted", params={"right": access.right.value})

    def _raw_handler(
        self, route: RawRoute, on_phone: Callable[[web.Request], None]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            refuse_oversize(request, JSON_LIMIT_BYTES)
            phone = await self.admit(route.access, request)
            if phone is not None:
                on_phone(request)
            return await route.handler(request, phone)

        return handle

    def _json_handler(
        self, route: Route[Any, Any, Any], on_phone: Callable[[web.Request], None]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            refuse_oversize(request, route.limit_bytes)
            phone = await self.admit(route.access, request)
            if phone is not None:
                on_phone(request)
            query = decode_query(route, request)
            body = await read_body(request, route.limit_bytes)
            try:
                call: Call[Any, Any] = Call(
                    path=dict(request.match_info),
                    query=query,
                    body=decode_body(route, request.content_type, body),
                    phone=phone,
                    client=request.remote or "",
                    language=self._words.choose(request.headers.get("Accept-Language", "")),
                )
                answer = await route.handler(call)
            finally:
                body[:] = bytes(len(body))
            response = _json_response(route, answer)
            if call.cookie is not None:
                response.set_cookie(
                    COOKIE, call.cookie, path="/", secure=True, httponly=True, samesite="Strict"
                )
            return response

        return handle


def _json_response(route: Route[Any, Any, Any], answer: object) -> web.Response:
    if route.answer is None:
        return web.Response(status=204)
    return web.Response(
        status=route.status, body=msgspec.json.encode(answer), content_type="application/json"
    )
