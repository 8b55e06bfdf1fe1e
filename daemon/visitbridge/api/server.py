"""The HTTPS server as a supervised service."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping

from aiohttp import web
from aiohttp.typedefs import Handler

from visitbridge.api.cached import Document
from visitbridge.api.dispatch import Dispatcher
from visitbridge.api.doorway import Doorway
from visitbridge.api.events import EventStreams
from visitbridge.api.forwarding import Forwarder
from visitbridge.api.guard import Guard, add_security_headers, authorities
from visitbridge.api.routes import RouteTable, pattern
from visitbridge.api.site import open_site
from visitbridge.api.static import static_routes


class ApiServer:
    """Serves the route table and the web UI on one port. ``port`` is known once ``ready`` was called.

    ``hosts`` are the names and addresses that a Host header may name. ``listener``: a socket that somebody opened
    for us, used instead of ``bind`` and ``port``. ``forwarder`` takes the requests of phones in the training rooms. ``on_phone`` is told each address from which a paired phone speaks.
    """

    name = "api"
    critical = True

    def __init__(
        self,
        *,
        table: RouteTable,
        dispatcher: Dispatcher,
        guard: Guard,
        events: EventStreams,
        files: Mapping[str, Document],
        tls: ssl.SSLContext,
        bind: str,
        port: int,
        hosts: Iterable[str],
        listener: socket.socket | None = None,
        forwarder: Forwarder | None = None,
        on_phone: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._table = table
        self._dispatcher = dispatcher
        self._guard = guard
        self._events = events
        self._files = files
        self._tls = tls
        self._doorway = Doorway()
        self._bind = bind
        self._hosts = tuple(hosts)
        self._listener = listener
        self._forwarder = forwarder
        self._on_phone = on_phone
        self.port = port

    async def run(self, ready: Callable[[], None]) -> None:
        """Raises ConfigError when the port cannot be had."""
        site = open_site(
            self.application(),
            self._doorway,
            bind=self._bind,
            port=self.port,
            listener=self._listener,
            tls=self._tls,
            closing=self._events.close,
        )
        try:
            async with site as port, asyncio.TaskGroup() as group:
                self.port = port
                self._guard.allowed = authorities(self._hosts, port)
                group.create_task(self._events.forward(), name="api-events")
                ready()
        finally:
            if self._forwarder is not None:
                await self._forwarder.close()

    def application(self) -> web.Application:
        forwarded = [self._forwarder.middleware()] if self._forwarder is not None else []
        app = web.Application(middlewares=[self._noted, self._guard.middleware(), *forwarded])
        app.on_response_prepare.append(add_security_headers)
        for route in self._table.routes:
            handler = self._dispatcher.handler_for(route, self._note_phone)
            app.router.add_route(route.method, pattern(route), handler)
        app.router.add_routes(static_routes(self._files))
        return app

    @web.middleware
    async def _noted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._doorway.note_request(request)
        return await handler(request)

    def _note_phone(self, request: web.Request) -> None:
        self._doorway.note_phone(request)
        self._on_phone(request.remote or "")
