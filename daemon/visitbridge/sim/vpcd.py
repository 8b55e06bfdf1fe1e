"""A slot for virtual cards behind the vpcd protocol, which Debian's ``vsmartcard-vpcd`` and our own
:mod:`visitbridge.sim.socket_readers` speak.

Each message is a big-endian 16-bit length and that many bytes. One byte is a control (0 off, 1 on, 2 reset,
4 give the ATR), more is a command APDU; only the ATR and APDUs are answered. A card is in while the
connection lasts (vsmartcard's documentation, "Creating a virtual smart card").
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

from visitbridge.errors import CardRemoved
from visitbridge.sim.contacts import Contacts, contacts_of

POWER_OFF, POWER_ON, RESET, GIVE_ATR = 0, 1, 2, 4

# While the reader's side is away (pcscd or the gateway restarts) the card stays in the slot and knocks.
_KNOCK_EVERY_S = 0.2
# vpcd asks for the ATR to learn whether a card is there, so a mute card must answer that with something
# that is no ATR: one longer than the 33 bytes an ATR can have makes powering up fail.
_NO_ATR = bytes(40)

Connect = Callable[[], Awaitable[socket.socket]]


class VpcdSlot:
    """A place for one card.

    ``label`` and ``reader_id`` are what the box calls this reader. ``connect`` gives a connected TCP socket, or raises OSError for not yet. ``shortest_absence_s``: how long
    a slot stays empty at least between two cards, as no hand is quicker; a reader's side that looks only
    every so often has to see it.
    """

    def __init__(
        self, label: str, reader_id: str, connect: Connect, *, shortest_absence_s: float = 0.0
    ) -> None:
        self.label = label
        self.reader_id = reader_id
        self.card: Contacts | None = None
        self._connect = connect
        self._shortest_absence_s = shortest_absence_s
        self._empty_until_s = 0.0
        self._serving: asyncio.Task[None] | None = None
        self._may_answer = asyncio.Event()
        self._may_answer.set()

    def hold_answers(self) -> None:
        """Let commands reach the card and act, but keep the answers back."""
        self._may_answer.clear()

    def give_answers(self) -> None:
        """End :meth:`hold_answers`; what was kept back goes out."""
        self._may_answer.set()

    async def insert(self, card: Contacts) -> None:
        """Put a card in, taking out the one that was there; it answers from a task of this slot."""
        await self.pull()
        self.card = card
        self._serving = asyncio.create_task(self._serve(card), name=f"card in {self.label}")

    async def pull(self) -> None:
        """Take the card out, in the middle of a command if there is one. An empty slot is no error."""
        task, self._serving = self._serving, None
        self.card = None
        if task is not None:
            self._empty_until_s = asyncio.get_running_loop().time() + self._shortest_absence_s
            task.cancel()
            await asyncio.wait({task})

    async def _serve(self, card: Contacts) -> None:
        contacts = contacts_of(card)
        await asyncio.sleep(self._empty_until_s - asyncio.get_running_loop().time())
        while True:
            try:
                with await self._knock() as connection:
                    await self._answer(connection, contacts)
            except CardRemoved:
                self.card = None
                return
            except OSError:
                await asyncio.sleep(_KNOCK_EVERY_S)

    async def _knock(self) -> socket.socket:
        connecting = asyncio.ensure_future(self._connect())
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            connecting.add_done_callback(_close_unwanted)
            raise

    async def _answer(self, connection: socket.socket, card: Contacts) -> None:
        """Answer until the other side hangs up (ConnectionError) or the card leaves (CardRemoved)."""
        loop = asyncio.get_running_loop()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            message = await receive(connection)
            if len(message) > 1:
                answer = card.execute(message)
                await self._may_answer.wait()
                await loop.sock_sendall(connection, frame(answer))
            elif message == bytes((GIVE_ATR,)):
                await loop.sock_sendall(connection, frame(card.atr or _NO_ATR))
            elif message in {bytes((POWER_OFF,)), bytes((POWER_ON,)), bytes((RESET,))}:
                card.reset()


def _close_unwanted(connecting: asyncio.Future[socket.socket]) -> None:
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().close()


def frame(payload: bytes) -> bytes:
    """A message with its length in front."""
    return struct.pack(">H", len(payload)) + payload


async def receive(connection: socket.socket) -> bytes:
    """The next message. Raises ConnectionError at the end of the connection."""
    (length,) = struct.unpack(">H", await _receive_exactly(connection, 2))
    return await _receive_exactly(connection, length)


async def _receive_exactly(connection: socket.socket, count: int) -> bytes:
    loop = asyncio.get_running_loop()
    received = bytearray()
    while len(received) < count:
        # vpcd writes length and body apart; with Nagle's algorithm on its side and delayed acknowledgements
        # on ours each command would take 40 ms. The kernel forgets this option, hence every time.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        piece = await loop.sock_recv(connection, count - len(received))
        if not piece:
            raise ConnectionResetError("the reader's side hung up")
        received += piece
    return bytes(received)
