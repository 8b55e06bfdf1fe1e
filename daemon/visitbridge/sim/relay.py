"""The VPN at the byte seam: a TCP relay between box and data centre that can be cut, slowed and made deaf.

TLS goes through untouched, so both ends meet what a bad line really does to them.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import socket
import struct
from collections.abc import AsyncIterator

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""``struct linger``: on, zero seconds."""


class Line(enum.StrEnum):
    """``DOWN``: no connection, and those that are open break. ``SLOW``: every piece waits, both ways.
    ``DEAF``: what the box sends arrives, what comes back does not.
    """

    UP = "up"
    DOWN = "down"
    SLOW = "slow"
    DEAF = "deaf"


class Relay:
    """Use :func:`open_relay`. ``port``: where the box connects to."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()
        self._line = Line.UP
        self._delay_s = 0.0
        self.port = 0

    @property
    def line(self) -> Line:
        return self._line

    @property
    def delay_s(self) -> float:
        return self._delay_s

    def retarget(self, host: str, port: int) -> None:
        """The data centre has moved, after a restart on another port; open connections stay."""
        self._target = (host, port)

    def set_line(self, line: Line, *, delay_s: float = 0.0) -> None:
        """``delay_s``: one way, for SLOW."""
        self._line = line
        self._delay_s = delay_s if line is Line.SLOW else 0.0
        if line is Line.DOWN:
            for pipe in self._pipes:
                pipe.cancel()

    async def start(self, *, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for pipe in self._pipes:
            pipe.cancel()
        if self._pipes:
            await asyncio.wait(set(self._pipes))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Runs as a task of the server's; its own cancellation is how a line is cut."""
        task = asyncio.current_task()
        if task is None or self._line is Line.DOWN:
            _break(writer)
            return
        self._pipes.add(task)
        try:
            await self._carry(reader, writer)
        except (OSError, asyncio.CancelledError):
            _break(writer)
        finally:
            self._pipes.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pipe(reader, far_writer))
                group.create_task(self._pipe(far_reader, writer, is_answer=True))
        except* OSError:
            _break(writer)
        finally:
            _break(far_writer)
            _break(writer)

    async def _pipe(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool = False
    ) -> None:
        while piece := await source.read(65536):
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            if is_answer and self._line is Line.DEAF:
                continue
            sink.write(piece)
            await sink.drain()
        sink.close()


def _break(writer: asyncio.StreamWriter) -> None:
    """Close at once, as a lost line does: the other end sees a reset, not a farewell."""
    if not writer.transport.is_closing():
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        writer.transport.abort()


@contextlib.asynccontextmanager
async def open_relay(host: str, port: int, *, listen: int = 0) -> AsyncIterator[Relay]:
    """A relay on loopback to ``host:port``; ``listen`` 0 takes any free port."""
    relay = Relay(host, port)
    await relay.start(port=listen)
    try:
        yield relay
    finally:
        await relay.stop()
