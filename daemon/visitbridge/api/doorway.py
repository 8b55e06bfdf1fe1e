"""Connections of strangers, kept few and short, so that whoever holds many locks nobody out.

A connection that brings no whole request in time is closed. When too many are open on which no paired phone has
spoken, the oldest of them goes; connections of paired phones are never counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

HANDSHAKE_S = 10.0
FIRST_REQUEST_S = 10.0
STRANGERS_AT_ONCE = 256
KEEP_ALIVE_S = 30.0


class Doorway:
    """Makes the server's protocols and watches those it made."""

    def __init__(
        self, *, first_request_s: float = FIRST_REQUEST_S, strangers_at_once: int = STRANGERS_AT_ONCE
    ) -> None:
        self._first_request_s = first_request_s
        self._strangers_at_once = strangers_at_once
        self._strangers: dict[RequestHandler, None] = {}
        self._silent: dict[RequestHandler, asyncio.TimerHandle] = {}

    def watched(self, make: Callable[[], RequestHandler]) -> Callable[[], RequestHandler]:
        """``make``, with every protocol watched from the moment its connection was accepted."""

        def made() -> RequestHandler:
            protocol = make()
            loop = asyncio.get_running_loop()
            self._strangers[protocol] = None
            self._silent[protocol] = loop.call_later(self._first_request_s, self._drop, protocol)
            self._forget_closed()
            while len(self._strangers) > self._strangers_at_once:
                self._drop(next(iter(self._strangers)))
            return protocol

        return made

    def note_request(self, request: web.Request) -> None:
        """A whole request head has arrived."""
        timer = self._silent.pop(request.protocol, None)
        if timer is not None:
            timer.cancel()

    def note_phone(self, request: web.Request) -> None:
        """The request is a paired phone's."""
        self._strangers.pop(request.protocol, None)

    def close(self) -> None:
        for timer in self._silent.values():
            timer.cancel()
        self._silent.clear()
        self._strangers.clear()

    def _drop(self, protocol: RequestHandler) -> None:
        self._strangers.pop(protocol, None)
        timer = self._silent.pop(protocol, None)
        if timer is not None:
            timer.cancel()
        protocol.force_close()

    def _forget_closed(self) -> None:
        """One that spoke and has no transport was closed by the other side; one that is silent may yet open."""
        for protocol in [known for known in self._strangers if known.transport is None]:
            if protocol not in self._silent:
                del self._strangers[protocol]
