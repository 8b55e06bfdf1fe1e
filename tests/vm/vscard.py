"""A card for QEMU's USB reader (`ccid-card-passthru`), spoken to in VSCARD messages (libcacard, vscard_common.h).

QEMU's reader exchanges TPDUs of T=0, and it tells its card nothing of power and resets: a card is reset when it is put in,
and only then. Each reader's card side is a Unix socket of the machine's, so that the card lives in the test.
Each message is type, reader and length as big-endian 32-bit numbers, and the body.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from visitbridge.errors import CardRemoved
from visitbridge.sim.contacts import Contacts, contacts_of

_HEADER = struct.Struct(">III")
_MAGIC = b"VSCD"
_VERSION = (0, 0, 2)
# pcscd asks the reader for its state after each notice, and misses a swap that is over by then; no hand is that quick.
_SHORTEST_ABSENCE_S = 0.5


class Message(enum.IntEnum):
    INIT = 1
    ERROR = 2
    READER_ADD = 3
    READER_REMOVE = 4
    ATR = 5
    CARD_REMOVE = 6
    APDU = 7
    FLUSH = 8
    FLUSH_COMPLETE = 9


class PassedSlot:
    """The card side of one reader. ``label`` and ``reader_id`` are what the box calls this reader.

    ``port``: the machine's socket for it.
    """

    def __init__(self, port: Path, label: str, reader_id: str) -> None:
        self.label = label
        self.reader_id = reader_id
        self._port = port
        self._file = -1
        self._received = b""
        self._exchange: Callable[[bytes], bytes] | None = None
        self._may_answer = asyncio.Event()
        self._may_answer.set()
        self._answering: asyncio.Task[None] | None = None
        self._empty_until_s = 0.0

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        self._file = _open_port(self._port)
        loop.add_reader(self._file, self._read)
        try:
            self._say(Message.INIT, _MAGIC + struct.pack(">BBH", *_VERSION) + bytes(4))
            self._say(Message.READER_ADD, self.label.encode() + b"\0")
            self._take_out()
            yield
            await self.pull()
        finally:
            if self._answering is not None:
                self._answering.cancel()
                await asyncio.wait({self._answering})
            loop.remove_reader(self._file)
            os.close(self._file)

    async def insert(self, card: Contacts) -> None:
        await self.pull()
        await asyncio.sleep(self._empty_until_s - asyncio.get_running_loop().time())
        card.reset()
        self._exchange = contacts_of(card).execute
        self._say(Message.ATR, card.atr)

    async def pull(self) -> None:
        if self._answering is not None:
            self._answering.cancel()
            await asyncio.wait({self._answering})
        if self._exchange is not None:
            self._take_out()

    def hold_answers(self) -> None:
        self._may_answer.clear()

    def give_answers(self) -> None:
        self._may_answer.set()

    def _take_out(self) -> None:
        self._exchange = None
        self._empty_until_s = asyncio.get_running_loop().time() + _SHORTEST_ABSENCE_S
        self._say(Message.CARD_REMOVE)

    def _say(self, message: Message, body: bytes = b"") -> None:
        # The port holds more than any message; were it full, the machine would have stopped reading.
        os.write(self._file, _HEADER.pack(message, 0, len(body)) + body)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            piece = os.read(self._file, 65536)
            if not piece:
                # The machine is off.
                asyncio.get_running_loop().remove_reader(self._file)
            self._received += piece
        while len(self._received) >= _HEADER.size:
            kind, _, length = _HEADER.unpack_from(self._received)
            end = _HEADER.size + length
            if len(self._received) < end:
                return
            body, self._received = self._received[_HEADER.size : end], self._received[end:]
            self._take(Message(kind), body)

    def _take(self, message: Message, body: bytes) -> None:
        if message is Message.FLUSH:
            self._say(Message.FLUSH_COMPLETE)
        if message is Message.APDU and self._exchange is not None:
            self._answering = asyncio.create_task(self._answer(self._exchange, body))

    async def _answer(self, exchange: Callable[[bytes], bytes], tpdu: bytes) -> None:
        try:
            answer = exchange(tpdu)
        except CardRemoved:
            self._take_out()
            return
        await self._may_answer.wait()
        self._say(Message.APDU, answer)


def _open_port(port: Path) -> int:
    """A descriptor that does not block."""
    wire = socket.socket(socket.AF_UNIX)
    wire.connect(str(port))
    wire.setblocking(False)
    return wire.detach()
