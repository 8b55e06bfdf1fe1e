"""Virtual readers on loopback sockets, for a lab on a machine without ``vsmartcard-vpcd``.

The box listens as vpcd would and speaks the same protocol, so the lab's cards need not know which of the two
is there (:mod:`visitbridge.sim.vpcd`). Where vpcd listens on all addresses, this takes loopback only.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator, Sequence

from visitbridge.errors import CardRemoved, ConfigError, ReaderUnavailable
from visitbridge.ports.cards import ReaderInfo, ReaderState
from visitbridge.runtime.hold import MonotonicClock
from visitbridge.sim.line_readers import Board, LineReader
from visitbridge.sim.vpcd import GIVE_ATR, POWER_OFF, POWER_ON, RESET, frame

_ATR_WITHIN_S = 2.0
_LONGEST_ATR = 33


class SocketReaders:
    """One reader for each ``(host, port)`` (``ports.cards.ReaderSource``); it listens while it is watched.

    Raises ConfigError for a host that is not a loopback address.
    """

    def __init__(self, addresses: Sequence[tuple[str, int]], clock: MonotonicClock) -> None:
        for host, _ in addresses:
            if not ipaddress.ip_address(host).is_loopback:
                raise ConfigError("virtual readers listen on loopback addresses only")
        self.addresses = tuple(addresses)
        self._board = Board()
        self._readers = tuple(
            LineReader(f"virtual-{number}", f"Virtual reader {number}", clock, self._board)
            for number in range(1, len(addresses) + 1)
        )

    def readers(self) -> tuple[LineReader, ...]:
        return self._readers

    async def watch(self) -> AsyncIterator[ReaderInfo]:
        """See ``ports.cards.ReaderSource``. Raises ReaderUnavailable when an address is taken."""
        async with contextlib.AsyncExitStack() as servers:
            for reader, (host, port) in zip(self._readers, self.addresses, strict=True):
                await servers.enter_async_context(_listening(reader, host, port))
            changes = self._board.watch()
            async with contextlib.aclosing(changes):
                async for info in changes:
                    yield info


@contextlib.asynccontextmanager
async def _listening(reader: LineReader, host: str, port: int) -> AsyncIterator[None]:
    lines: set[_SocketLine] = set()

    async def accept(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        if lines:
            outgoing.close()
            return
        line = _SocketLine(outgoing)
        lines.add(line)
        try:
            await _serve(reader, line, incoming)
        finally:
            outgoing.close()
            lines.discard(line)
            line.forgotten.set()

    try:
        server = await asyncio.start_server(accept, host, port)
    except OSError as exc:
        raise ReaderUnavailable(f"{host}:{port} is taken") from exc
    try:
        yield
    finally:
        server.close()
        left = tuple(lines)
        for line in left:
            line.hang_up()
        for line in left:
            await line.forgotten.wait()


async def _serve(reader: LineReader, line: _SocketLine, incoming: asyncio.StreamReader) -> None:
    pump = asyncio.create_task(line.take_answers(incoming), name=f"line of {reader.info.reader_id}")
    try:
        await line.power(on=True)
        async with asyncio.timeout(_ATR_WITHIN_S):
            await line.read_atr()
        reader.connect(line)
        await asyncio.wait({line.ended})
    except (CardRemoved, TimeoutError, OSError):
        return
    finally:
        reader.disconnect(line, state=ReaderState.EMPTY)
        pump.cancel()
        await asyncio.wait({pump})


class _SocketLine:
    """One connected card. Closed on an answer that does not come, as a late one would be taken for the next."""

    def __init__(self, outgoing: asyncio.StreamWriter) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.forgotten = asyncio.Event()
        self._outgoing = outgoing
        self._answer: asyncio.Future[bytes] | None = None
        self._atr = b""

    @property
    def atr(self) -> bytes:
        return self._atr

    async def power(self, *, on: bool) -> None:
        await self._write(bytes((POWER_ON if on else POWER_OFF,)))

    async def reset(self) -> None:
        await self._write(bytes((RESET,)))

    async def read_atr(self) -> None:
        atr = await self.send(bytes((GIVE_ATR,)))
        self._atr = atr if len(atr) <= _LONGEST_ATR else b""

    async def send(self, piece: bytes) -> bytes:
        self._answer = asyncio.get_running_loop().create_future()
        try:
            await self._write(piece)
            return await self._answer
        except asyncio.CancelledError:
            self.hang_up()
            raise
        finally:
            self._answer = None

    async def take_answers(self, incoming: asyncio.StreamReader) -> None:
        """Hand what arrives to whoever waits, until the card leaves."""
        try:
            while True:
                length = int.from_bytes(await incoming.readexactly(2), "big")
                payload = await incoming.readexactly(length)
                if self._answer is not None and not self._answer.done():
                    self._answer.set_result(payload)
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            self.hang_up()

    def hang_up(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(CardRemoved("the connection to the card closed"))

    async def _write(self, payload: bytes) -> None:
        if self.ended.done():
            raise CardRemoved("the connection to the card is closed")
        try:
            self._outgoing.write(frame(payload))
            await self._outgoing.drain()
        except OSError as exc:
            raise CardRemoved("the connection to the card broke") from exc
