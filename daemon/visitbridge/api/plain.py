"""Port 80: how to get to the real pages, 環境檢測 to read, and answers to probes. No data about people, no cookie, no write.

Everything else is sent to the same address by HTTPS; the API is not there at all.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web
from aiohttp.typedefs import Handler

from visitbridge.api import plain_pages
from visitbridge.api.doorway import Doorway
from visitbridge.api.guard import API_PREFIX, Guard, add_security_headers, authorities
from visitbridge.api.neighbours import Neighbours
from visitbridge.api.probes import find_probe
from visitbridge.api.site import open_site
from visitbridge.errors import ConfigError, NotFound
from visitbridge.ports.clock import Clock
from visitbridge.services.environment import EnvironmentReport
from visitbridge.services.topics import CertificateTopic
from visitbridge.words import Catalogue

log = logging.getLogger(__name__)

SURVEY_EVERY_S = 60.0
"""A stranger's look costs power and data, so they all see the last one for that long."""

HTTP_PORT, HTTPS_PORT = 80, 443


class PlainServer:
    """Service. ``url`` gives the address of the real pages, ``certificate`` what they present. ``survey``: None
    while the box is closed, when there is nothing to survey. ``neighbours``: None leaves probes unanswered.
    """

    name = "plain"
    critical = False

    def __init__(
        self,
        words: Catalogue,
        clock: Clock,
        *,
        url: Callable[[], str],
        https_port: Callable[[], int],
        certificate: Callable[[], CertificateTopic],
        survey: Callable[[], Awaitable[EnvironmentReport]] | None,
        neighbours: Neighbours | None,
        bind: str,
        port: int,
        hosts: Iterable[str],
        listener: socket.socket | None = None,
    ) -> None:
        self._words = words
        self._clock = clock
        self._url = url
        self._https_port = https_port
        self._certificate = certificate
        self._survey = survey
        self._neighbours = neighbours
        self._bind = bind
        self._hosts = tuple(hosts)
        self._listener = listener
        self._guard = Guard(words)
        self._doorway = Doorway()
        self._surveyed: tuple[float, EnvironmentReport] | None = None
        self.port = port

    async def run(self, ready: Callable[[], None]) -> None:
        """A port that cannot be had leaves the box without these pages, not without its own."""
        try:
            async with open_site(
                self.application(),
                self._doorway,
                bind=self._bind,
                port=self.port,
                listener=self._listener,
            ) as port:
                self.port = port
                self._guard.allowed = authorities(self._hosts, port, default=HTTP_PORT)
                ready()
                await asyncio.Event().wait()
        except ConfigError as exc:
            log.warning("no plain pages: %s", exc.detail)
            ready()
            await asyncio.Event().wait()

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._noted, self._probed, self._guard.middleware()])
        app.on_response_prepare.append(add_security_headers)
        app.router.add_get("/", self._help)
        app.router.add_get("/joined", self._joined)
        app.router.add_get("/stay", self._stay)
        app.router.add_get("/environment", self._environment)
        app.router.add_get("/plain.css", self._style)
        app.router.add_get("/{path:.*}", self._elsewhere)
        return app

    @web.middleware
    async def _noted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._doorway.note_request(request)
        return await handler(request)

    @web.middleware
    async def _probed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a probe before its foreign name meets the Host list; known devices are told that all is well."""
        probe = find_probe(request) if self._neighbours is not None else None
        if probe is None or self._neighbours is None:
            return await handler(request)
        if probe.status and self._neighbours.know(request.remote or ""):
            return probe.online()
        return web.Response(
            status=302, headers={"Location": f"{self._own_url()}joined", "Cache-Control": "no-store"}
        )

    async def _help(self, request: web.Request) -> web.Response:
        certificate = self._certificate()
        return self._answer(
            request,
            lambda texts, language: plain_pages.help_page(
                texts,
                language,
                address=self._url(),
                fingerprint=certificate.fingerprint,
                own=certificate.own,
                surveyed=self._survey is not None,
            ),
        )

    async def _joined(self, request: web.Request) -> web.Response:
        return self._answer(
            request, lambda texts, language: plain_pages.joined_page(texts, language, address=self._url())
        )

    async def _stay(self, request: web.Request) -> web.Response:
        """From now on this device's probes are answered, so that it shows 完成 and stays."""
        if self._neighbours is not None:
            self._neighbours.note(request.remote or "")
        return self._answer(
            request, lambda texts, language: plain_pages.staying_page(texts, language, address=self._url())
        )

    async def _environment(self, request: web.Request) -> web.Response:
        report = await self._recent()
        return self._answer(
            request, lambda texts, language: plain_pages.environment_page(texts, language, report)
        )

    async def _style(self, _: web.Request) -> web.Response:
        return web.Response(text=plain_pages.STYLE, content_type="text/css", charset="utf-8")

    async def _elsewhere(self, request: web.Request) -> web.Response:
        if request.path.startswith(API_PREFIX):
            raise NotFound("the API is not served in plain HTTP")
        host = request.headers["Host"].lower().removesuffix(f":{self.port}")
        port = self._https_port()
        authority = host if port == HTTPS_PORT else f"{host}:{port}"
        # Without the query: whatever it holds was already said aloud once.
        path = request.raw_path.partition("?")[0]
        return web.Response(status=308, headers={"Location": f"https://{authority}{path}"})

    async def _recent(self) -> EnvironmentReport:
        if self._survey is None:
            raise NotFound("the box is closed")
        now_s = self._clock.monotonic()
        if self._surveyed is None or now_s - self._surveyed[0] >= SURVEY_EVERY_S:
            self._surveyed = now_s, await self._survey()
        return self._surveyed[1]

    def _answer(self, request: web.Request, page: Callable[[plain_pages.Texts, str], str]) -> web.Response:
        language = self._words.choose(request.headers.get("Accept-Language", ""))
        return web.Response(
            text=page(self._words.texts(language), language),
            content_type="text/html",
            charset="utf-8",
            headers={"Cache-Control": "no-store"},
        )

    def _own_url(self) -> str:
        authority = min(authorities(self._hosts[:1], self.port, default=HTTP_PORT), key=len)
        return f"http://{authority}/"
