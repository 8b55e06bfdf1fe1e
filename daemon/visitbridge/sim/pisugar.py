"""A double of pisugar-server: text lines on a loopback port (hardware.md §5 "Battery HATs")."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

CHARGE = "get battery"
PLUGGED = "get battery_power_plugged"
CHARGING = "get battery_charging"


class PiSugarDouble:
    """``answers``: the exact bytes for each question; to any other it keeps silent. ``asked``: every question, in order.
    ``connections``: how many were opened so far.
    """

    def __init__(self) -> None:
        self.answers = {
            CHARGE: b"battery: 87.5\n",
            PLUGGED: b"battery_power_plugged: false\n",
            CHARGING: b"battery_charging: false\n",
        }
        self.asked: list[str] = []
        self.connections = 0
        self.port = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._gone = asyncio.Event()

    async def all_gone(self) -> None:
        """Return once a connection was closed and none is open."""
        await self._gone.wait()

    def hang_up(self) -> None:
        for writer in tuple(self._open):
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        self._gone.clear()
        try:
            while line := await reader.readline():
                question = line.decode("ascii").strip()
                self.asked.append(question)
                writer.write(self.answers.get(question, b""))
                await writer.drain()
        except ConnectionError:
            # The other side went in the middle of an answer, as it may.
            return
        finally:
            self._open.discard(writer)
            writer.close()
            if not self._open:
                self._gone.set()


@contextlib.asynccontextmanager
async def open_pisugar() -> AsyncIterator[PiSugarDouble]:
    """Serve on a free loopback port, ``port`` of the double, until the block ends."""
    double = PiSugarDouble()
    server = await asyncio.start_server(double.serve, "127.0.0.1", 0)
    double.port = server.sockets[0].getsockname()[1]
    try:
        yield double
    finally:
        server.close()
        double.hang_up()
        await server.wait_closed()
