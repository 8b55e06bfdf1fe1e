"""Virtual readers without pcscd: what is common to them, and those whose cards live in this process.

They keep the promises of ``ports.cards`` and pass the same contract tests as real ones.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Protocol

import msgspec

from visitbridge.errors import (
    CardAbsent,
    CardMute,
    CardRemoved,
    DeviceTimeout,
    ReaderRemoved,
    ReaderUnavailable,
    Retry,
)
from visitbridge.ports.cards import CardChannel, ReaderInfo, ReaderState
from visitbridge.protocols import t0
from visitbridge.protocols.conversation import drive_awaiting
from visitbridge.runtime.hold import Hold, Lease, MonotonicClock
from visitbridge.sim.contacts import Contacts, contacts_of

TRANSPORT = "virtual"


class CardLine(Protocol):
    """The wires between a virtual reader and the card in it. ``atr`` is empty for a mute card."""

    @property
    def atr(self) -> bytes: ...

    async def power(self, *, on: bool) -> None: ...

    async def send(self, piece: bytes) -> bytes:
        """One exchange with the card. Raises CardRemoved."""
        ...


class Board:
    """What every slot of a source is in, and who wants to hear of it."""

    def __init__(self) -> None:
        self._infos: dict[str, ReaderInfo] = {}
        self._watchers: set[asyncio.Queue[ReaderInfo]] = set()

    def __getitem__(self, reader_id: str) -> ReaderInfo:
        return self._infos[reader_id]

    def put(self, info: ReaderInfo) -> None:
        if self._infos.get(info.reader_id) != info:
            self._infos[info.reader_id] = info
            for queue in self._watchers:
                queue.put_nowait(info)

    async def watch(self) -> AsyncGenerator[ReaderInfo, None]:
        queue: asyncio.Queue[ReaderInfo] = asyncio.Queue()
        for info in self._infos.values():
            queue.put_nowait(info)
        self._watchers.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._watchers.discard(queue)


class LineReader:
    """A reader (``ports.cards.CardReader``) whose card is at the other end of a line, or absent."""

    def __init__(self, reader_id: str, name: str, clock: MonotonicClock, board: Board) -> None:
        self._board = board
        self._reader_id = reader_id
        self._hold = Hold(clock)
        self._line: CardLine | None = None
        board.put(
            ReaderInfo(
                reader_id=reader_id, name=name, transport=TRANSPORT, state=ReaderState.EMPTY, virtual=True
            )
        )

    @property
    def info(self) -> ReaderInfo:
        return self._board[self._reader_id]

    def connect(self, line: CardLine) -> None:
        """A card is in."""
        self._line = line
        self._board.put(
            msgspec.structs.replace(
                self.info,
                state=ReaderState.CARD if line.atr else ReaderState.MUTE,
                insertion=self.info.insertion + 1,
                atr=line.atr.hex().upper(),
            )
        )

    def disconnect(self, line: CardLine, *, state: ReaderState = ReaderState.EMPTY) -> None:
        """The card is out again; another line's end changes nothing."""
        if self._line is line:
            self._line = None
            self.show(state)

    def show(self, state: ReaderState) -> None:
        """The slot without a card: EMPTY or UNAVAILABLE."""
        self._board.put(msgspec.structs.replace(self.info, state=state, atr=""))

    @contextlib.asynccontextmanager
    async def open_session(self, owner: str, *, deadline_s: float) -> AsyncIterator[LineChannel]:
        """See ``ports.cards.CardReader``."""
        if self.info.state is ReaderState.UNAVAILABLE:
            raise ReaderUnavailable(self._reader_id)
        with self._leased(owner, deadline_s) as lease:
            line = self._line
            if line is None:
                raise CardAbsent
            if not line.atr:
                raise CardMute
            try:
                await line.power(on=True)
            except CardRemoved as exc:
                raise CardAbsent from exc
            try:
                yield LineChannel(line, lease, self)
            finally:
                if self._hold.is_with(lease):
                    with contextlib.suppress(CardRemoved):
                        await line.power(on=False)

    @contextlib.contextmanager
    def _leased(self, owner: str, deadline_s: float) -> Iterator[Lease]:
        lease = self._hold.take(owner, deadline_s)
        try:
            yield lease
        finally:
            lease.release()


class LineChannel(CardChannel):
    """An open session (``ports.cards.CardChannel``)."""

    def __init__(self, line: CardLine, lease: Lease, reader: LineReader) -> None:
        self._line = line
        self._lease = lease
        self._reader = reader
        self._atr = line.atr
        self._turn = asyncio.Lock()

    @property
    def atr(self) -> bytes:
        return self._atr

    async def transmit(self, apdu: bytes, *, deadline_s: float = 5.0) -> bytes:
        """See ``ports.cards.CardChannel``; a session whose time is over sends nothing any more."""
        remaining_s = self._lease.remaining_s
        if remaining_s <= 0:
            raise DeviceTimeout("the card session's time is over", retry=Retry.LATER)
        exchange = t0.exchange(apdu, t0=t0.speaks_t0(self._atr))
        try:
            async with asyncio.timeout(min(deadline_s, remaining_s)), self._turn:
                return await drive_awaiting(exchange, self._line.send)
        except CardRemoved as exc:
            if self._reader.info.state is ReaderState.UNAVAILABLE:
                raise ReaderRemoved("the reader went away in the middle of a command") from exc
            raise
        except TimeoutError as exc:
            raise DeviceTimeout(f"no answer within {deadline_s:g} s") from exc


class VirtualSlot:
    """A place for one card of this process; the same handles as :class:`visitbridge.sim.vpcd.VpcdSlot`."""

    def __init__(self, reader: LineReader) -> None:
        self.label = reader.info.name
        self.reader_id = reader.info.reader_id
        self.card: Contacts | None = None
        self._reader = reader
        self._line: _DirectLine | None = None
        self._may_answer = True

    async def insert(self, card: Contacts) -> None:
        """Put a card in, taking out the one that was there."""
        await self.pull()
        self.card = card
        self._line = _DirectLine(card, self._leave)
        self._line.hold(self._may_answer)
        self._reader.connect(self._line)

    async def pull(self) -> None:
        """Take the card out, in the middle of a command if there is one. An empty slot is no error."""
        if self._line is not None:
            self._leave(self._line)

    def unplug(self) -> None:
        """Take the whole reader away, with the card that is in it."""
        if self._line is not None:
            self._reader.show(ReaderState.UNAVAILABLE)
            self._leave(self._line, ReaderState.UNAVAILABLE)
        self._reader.show(ReaderState.UNAVAILABLE)

    def plug(self) -> None:
        """Bring the reader back, empty."""
        self._reader.show(ReaderState.EMPTY)

    def hold_answers(self) -> None:
        """Let commands reach the card and act, but keep the answers back."""
        self._set_answering(False)

    def give_answers(self) -> None:
        """End :meth:`hold_answers`; what was kept back goes out."""
        self._set_answering(True)

    def _set_answering(self, may: bool) -> None:
        self._may_answer = may
        if self._line is not None:
            self._line.hold(may)

    def _leave(self, line: _DirectLine, state: ReaderState = ReaderState.EMPTY) -> None:
        self.card = self._line = None
        line.cut()
        self._reader.disconnect(line, state=state)


class VirtualReaders:
    """Readers whose cards are inserted by this process (``ports.cards.ReaderSource``)."""

    def __init__(self, clock: MonotonicClock, *, slots: int = 2) -> None:
        self._board = Board()
        self._readers = tuple(
            LineReader(f"virtual-{number}", f"Virtual reader {number}", clock, self._board)
            for number in range(1, slots + 1)
        )
        self.slots = tuple(VirtualSlot(reader) for reader in self._readers)

    def readers(self) -> tuple[LineReader, ...]:
        return self._readers

    def watch(self) -> AsyncIterator[ReaderInfo]:
        """See ``ports.cards.ReaderSource``."""
        return self._board.watch()


class _DirectLine:
    def __init__(self, card: Contacts, on_leave: _OnLeave) -> None:
        self._card = contacts_of(card)
        self._on_leave = on_leave
        self._may_answer = True
        self._is_cut = False
        self._changed = asyncio.Event()

    @property
    def atr(self) -> bytes:
        return self._card.atr

    def hold(self, may_answer: bool) -> None:
        self._may_answer = may_answer
        self._changed.set()

    def cut(self) -> None:
        self._is_cut = True
        self._changed.set()

    async def power(self, *, on: bool) -> None:
        if not self._is_cut:
            self._card.reset()

    async def send(self, piece: bytes) -> bytes:
        if self._is_cut:
            raise CardRemoved("no card at the contacts")
        try:
            answer = self._card.execute(piece)
        except CardRemoved:
            self._on_leave(self)
            raise
        while not self._may_answer and not self._is_cut:
            self._changed.clear()
            await self._changed.wait()
        if self._is_cut:
            raise CardRemoved("the answer was lost with the card")
        return answer


class _OnLeave(Protocol):
    def __call__(self, line: _DirectLine) -> None: ...
