"""An aiohttp application on one socket, with the doorway before it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from visitbridge.api.access_log import AccessLog, WithoutContent
from visitbridge.api.doorway import HANDSHAKE_S, KEEP_ALIVE_S, Doorway
from visitbridge.errors import ConfigError

CLOSE_BUDGET_S = 3.0
"""How long requests under way may take once the server takes no new ones; aiohttp may use it twice."""

BACKLOG = 128

_LINGER_S = 1
"""How long the rest of a refused body is read and dropped, so that its sender can still read the refusal."""


@contextlib.asynccontextmanager
async def open_site(
    app: web.Application,
    doorway: Doorway,
    *,
    bind: str,
    port: int,
    listener: socket.socket | None = None,
    tls: ssl.SSLContext | None = None,
    closing: Callable[[], None] = lambda: None,
) -> AsyncIterator[int]:
    """Serve until the block ends; the value is the port.

    ``listener`` takes the place of ``bind`` and ``port``. ``closing`` is called once nothing new is taken, to end
    what would keep requests under way. Raises ConfigError when the port cannot be had.
    """
    runner = web.AppRunner(
        app,
        handle_signals=False,
        access_log_class=AccessLog,
        access_log=logging.getLogger("visitbridge.access"),
        logger=_own_log(),
        shutdown_timeout=CLOSE_BUDGET_S,
        lingering_time=_LINGER_S,
        auto_decompress=False,
        keepalive_timeout=KEEP_ALIVE_S,
    )
    await runner.setup()
    try:
        listening = await _listen(runner, doorway, bind=bind, port=port, listener=listener, tls=tls)
        try:
            yield int(listening.sockets[0].getsockname()[1])
        finally:
            listening.close()
    finally:
        closing()
        doorway.close()
        await runner.cleanup()


def _own_log() -> logging.Logger:
    """Where the library writes: one of our loggers, which lets nothing through of what was sent."""
    logger = logging.getLogger("visitbridge.http")
    if not any(isinstance(each, WithoutContent) for each in logger.filters):
        logger.addFilter(WithoutContent())
    return logger


async def _listen(
    runner: web.AppRunner,
    doorway: Doorway,
    *,
    bind: str,
    port: int,
    listener: socket.socket | None,
    tls: ssl.SSLContext | None,
) -> asyncio.Server:
    """As ``web.TCPSite`` does, with the doorway before it and a limit to the handshake."""
    serve = runner.server
    if serve is None:
        raise RuntimeError("the runner is not set up")
    loop, make = asyncio.get_running_loop(), doorway.watched(serve)
    handshake_s = HANDSHAKE_S if tls else None
    try:
        if listener is not None:
            return await loop.create_server(
                make, sock=listener, ssl=tls, ssl_handshake_timeout=handshake_s, backlog=BACKLOG
            )
        return await loop.create_server(
            make, bind, port, ssl=tls, ssl_handshake_timeout=handshake_s, backlog=BACKLOG, reuse_address=True
        )
    except OSError as exc:
        raise ConfigError(f"cannot listen on {bind} port {port}: {exc.strerror}") from exc
