"""Requests of phones in the training rooms are carried to the rooms' own gateway, and to nothing of the real box's.

It is decided by the cookie alone, before any route of the box is looked at: a page that was left open cannot act on the
real box by mistake, nor does it fall back to it when the rooms close.
"""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Final, Protocol

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from visitbridge.api.body import read_body, refuse_oversize
from visitbridge.api.dispatch import COOKIE
from visitbridge.api.guard import API_PREFIX
from visitbridge.api.routes import PHOTO_LIMIT_BYTES
from visitbridge.api.training_cookie import TRAINING_COOKIE, let_in
from visitbridge.errors import DeviceError, TrainingClosed
from visitbridge.ports.records import PairedPhone
from visitbridge.ports.training import RoomsAddress, TrainingRooms

_OWN: Final = ("/api/training", "/api/words/", "/api/openapi.json")
"""What the box answers itself: the door, and what is the same on both sides of it."""

_ASKED: Final = ("Accept", "Accept-Language", "Content-Type", "If-None-Match", "Last-Event-ID")
_ANSWERED: Final = (
    "Cache-Control",
    "Content-Disposition",
    "Content-Language",
    "Content-Type",
    "Date",
    "ETag",
    "Retry-After",
)
_SESSION: Final = re.compile(r"[A-Za-z0-9_-]{16,200}")
_SILENT_S = 45.0


class Sessions(Protocol):
    async def authenticate(self, cookie: str) -> PairedPhone:
        """Raises NotPaired."""
        ...


class Forwarder:
    """``rooms`` None: this box has none, and a phone that still bears their mark is told that they are closed."""

    def __init__(self, rooms: TrainingRooms | None, sessions: Sessions) -> None:
        self._rooms = rooms
        self._sessions = sessions
        self._address: RoomsAddress | None = None
        self._client: aiohttp.ClientSession | None = None

    def middleware(self) -> Middleware:
        @web.middleware
        async def forwarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            session = request.cookies.get(TRAINING_COOKIE, "")
            if not session or not request.path.startswith(API_PREFIX) or request.path.startswith(_OWN):
                return await handler(request)
            return await self._carry(request, session)

        return forwarded

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _carry(self, request: web.Request, session: str) -> web.StreamResponse:
        """Raises NotPaired for a phone that the real box does not know, TrainingClosed, BodyTooLarge, DeviceError."""
        await self._sessions.authenticate(request.cookies.get(COOKIE, ""))
        if not _SESSION.fullmatch(session):
            raise TrainingClosed("no session of the training rooms")
        address = self._rooms.address if self._rooms is not None else None
        if self._rooms is None or address is None:
            raise TrainingClosed("the training rooms are closed")
        self._rooms.note_use()
        refuse_oversize(request, PHOTO_LIMIT_BYTES)
        async with self._asked(request, session, address) as answer:
            headers = {name: answer.headers[name] for name in _ANSWERED if name in answer.headers}
            response = web.StreamResponse(status=answer.status, headers=headers)
            renewed = _session_in(answer)
            if renewed:
                let_in(response, renewed)
            # The rooms or the phone may go away in the middle of a stream; either ends it.
            with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
                await response.prepare(request)
                async for piece in answer.content.iter_any():
                    await response.write(piece)
                await response.write_eof()
            return response

    @contextlib.asynccontextmanager
    async def _asked(
        self, request: web.Request, session: str, address: RoomsAddress
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {name: request.headers[name] for name in _ASKED if name in request.headers}
        headers |= {"Origin": address.url.rstrip("/"), "Cookie": f"{COOKIE}={session}"}
        body = bytes(await read_body(request, PHOTO_LIMIT_BYTES)) if request.can_read_body else None
        url = URL(address.url.rstrip("/") + request.raw_path, encoded=True)
        async with contextlib.AsyncExitStack() as stack:
            try:
                answer = await stack.enter_async_context(
                    (await self._client_for(address)).request(
                        request.method, url, headers=headers, data=body, allow_redirects=False
                    )
                )
            except (aiohttp.ClientError, TimeoutError) as exc:
                raise DeviceError("the training rooms do not answer") from exc
            yield answer

    async def _client_for(self, address: RoomsAddress) -> aiohttp.ClientSession:
        """Rooms that were opened anew have another address and another certificate."""
        if self._client is None or self._address != address:
            await self.close()
            trust = ssl.create_default_context(cadata=address.ca_pem)
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=trust, limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=5.0, sock_read=_SILENT_S),
            )
            self._address = address
        return self._client


def _session_in(answer: aiohttp.ClientResponse) -> str:
    """The new session that the rooms' gateway gives the phone, empty for none."""
    for line in answer.headers.getall("Set-Cookie", []):
        found: SimpleCookie = SimpleCookie(line)
        if COOKIE in found:
            return found[COOKIE].value
    return ""
