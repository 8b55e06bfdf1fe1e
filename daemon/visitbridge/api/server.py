"""The HTTPS server as a supervised service."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping

from aiohttp import web
from aiohttp.typedefs import Handler

from visitbridge.api.access_log import AccessLog
from visitbridge.api.cached import Document
from visitbridge.api.dispatch import Dispatcher
from visitbridge.api.doorway import HANDSHAKE_S, KEEP_ALIVE_S, Doorway
from visitbridge.api.events import EventStreams
from visitbridge.api.guard import Guard, add_security_headers, authorities
from visitbridge.api.routes import RouteTable, pattern
from visitbridge.api.static import static_routes
from visitbridge.errors import ConfigError

CLOSE_BUDGET_S = 3.0
"""How long requests under way may take once the server takes no new ones; aiohttp may use it twice."""

_LINGER_S = 1
"""How long the rest of a refused body is read and dropped, so that its sender can still read the refusal."""


class ApiServer:
    """Serves the route table and the web UI on one port. ``port`` is known once ``ready`` was called.

    ``hosts`` are the names and addresses that a Host header may name. ``listener``: a socket that somebody opened
    for us, used instead of ``bind`` and ``port``.
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
        self.port = port

    async def run(self, ready: Callable[[], None]) -> None:
        """Raises ConfigError when the port cannot be had."""
        async with self._open_site(), asyncio.TaskGroup() as group:
            group.create_task(self._events.forward(), name="api-events")
            ready()

    @contextlib.asynccontextmanager
    async def _open_site(self) -> AsyncIterator[None]:
        runner = web.AppRunner(
            self.application(),
            handle_signals=False,
            access_log_class=AccessLog,
            access_log=logging.getLogger("visitbridge.access"),
            shutdown_timeout=CLOSE_BUDGET_S,
            lingering_time=_LINGER_S,
            auto_decompress=False,
            keepalive_timeout=KEEP_ALIVE_S,
        )
        await runner.setup()
        try:
            listening = await self._listen(runner)
            try:
                self.port = listening.sockets[0].getsockname()[1]
                self._guard.allowed = authorities(self._hosts, self.port)
                yield
            finally:
                listening.close()
        finally:
            self._events.close()
            self._doorway.close()
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> asyncio.Server:
        """As ``web.TCPSite`` does, with the doorway before it and a limit to the handshake."""
        serve = runner.server
        if serve is None:
            raise RuntimeError("the runner is not set up")
        try:
            return await asyncio.get_running_loop().create_server(
                self._doorway.watched(serve),
                None if self._listener else self._bind,
                None if self._listener else self.port,
                sock=self._listener,
                ssl=self._tls,
                ssl_handshake_timeout=HANDSHAKE_S,
                backlog=128,
                reuse_address=None if self._listener else True,
            )
        except OSError as exc:
            raise ConfigError(f"cannot listen on {self._bind} port {self.port}: {exc.strerror}") from exc

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._noted, self._guard.middleware()])
        app.on_response_prepare.append(add_security_headers)
        for route in self._table.routes:
            handler = self._dispatcher.handler_for(route, self._doorway.note_phone)
            app.router.add_route(route.method, pattern(route), handler)
        app.router.add_routes(static_routes(self._files))
        return app

    @web.middleware
    async def _noted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._doorway.note_request(request)
        return await handler(request)
