"""The HTTPS server as a supervised service."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping

from aiohttp import web

from visitbridge.api.access_log import AccessLog
from visitbridge.api.cached import Document
from visitbridge.api.dispatch import Dispatcher
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

    ``hosts`` are the names and addresses that a Host header may name.
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
    ) -> None:
        self._table = table
        self._dispatcher = dispatcher
        self._guard = guard
        self._events = events
        self._files = files
        self._tls = tls
        self._bind = bind
        self._hosts = tuple(hosts)
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
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._bind, self.port, ssl_context=self._tls)
            try:
                await site.start()
            except OSError as exc:
                raise ConfigError(f"cannot listen on {self._bind} port {self.port}: {exc.strerror}") from exc
            self.port = runner.addresses[0][1]
            self._guard.allowed = authorities(self._hosts, self.port)
            yield
        finally:
            self._events.close()
            await runner.cleanup()

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard.middleware()])
        app.on_response_prepare.append(add_security_headers)
        for route in self._table.routes:
            app.router.add_route(route.method, pattern(route), self._dispatcher.handler_for(route))
        app.router.add_routes(static_routes(self._files))
        return app
