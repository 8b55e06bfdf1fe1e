"""What virtual readers without pcscd have in common: a board of their slots, and sessions over a line to the card."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Protocol

import msgspec

from visitbridge.errors import (
    CardAbsent,
    CardError,
    CardMute,
    CardRemoved,
    DeviceTimeout,
    ReaderRemoved,
    ReaderUnavailable,
    Retry,
)
from visitbridge.ports.card_channel import CardChannel, CardProtocol, Reset
from visitbridge.ports.cards import ReaderInfo, ReaderState
from visitbridge.protocols import t0
from visitbridge.protocols.conversation import drive_awaiting
from visitbridge.runtime.hold import Hold, Lease, MonotonicClock

TRANSPORT = "virtual"


class CardLine(Protocol):
    """The wires between a virtual reader and the card in it. ``atr`` is empty for a mute card."""

    @property
    def atr(self) -> bytes: ...

    async def power(self, *, on: bool) -> None:
        """Raises CardRemoved."""
        ...

    async def reset(self) -> None:
        """With the power on. Raises CardRemoved."""
        ...

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
    """An open session (``ports.card_channel.CardChannel``)."""

    def __init__(self, line: CardLine, lease: Lease, reader: LineReader) -> None:
        self._line = line
        self._lease = lease
        self._reader = reader
        self._is_powered = True
        self._turn = asyncio.Lock()

    @property
    def atr(self) -> bytes:
        return self._line.atr

    @property
    def protocol(self) -> CardProtocol:
        return CardProtocol.T0 if t0.speaks_t0(self.atr) else CardProtocol.T1

    @property
    def is_powered(self) -> bool:
        return self._is_powered

    async def transmit(self, apdu: bytes, *, deadline_s: float = 5.0) -> bytes:
        """See ``CardChannel``; a session whose time is over sends nothing any more."""
        async with self._within(deadline_s):
            if not self._is_powered:
                raise CardError("the card has no power")
            return await drive_awaiting(t0.exchange(apdu, t0=t0.speaks_t0(self.atr)), self._line.send)

    async def power_off(self, *, deadline_s: float = 5.0) -> None:
        """See ``CardChannel``."""
        async with self._within(deadline_s):
            self._is_powered = False
            await self._line.power(on=False)

    async def reset(self, how: Reset = Reset.COLD, *, deadline_s: float = 10.0) -> bytes:
        """See ``CardChannel``."""
        async with self._within(deadline_s):
            is_warm = self._is_powered and how is Reset.WARM
            self._is_powered = False
            if is_warm:
                await self._line.reset()
            else:
                await self._line.power(on=False)
                await self._line.power(on=True)
            self._is_powered = True
            return self._line.atr

    @contextlib.asynccontextmanager
    async def _within(self, deadline_s: float) -> AsyncIterator[None]:
        remaining_s = self._lease.remaining_s
        if remaining_s <= 0:
            raise DeviceTimeout("the card session's time is over", retry=Retry.LATER)
        try:
            async with asyncio.timeout(min(deadline_s, remaining_s)), self._turn:
                yield
        except CardRemoved as exc:
            if self._reader.info.state is ReaderState.UNAVAILABLE:
                raise ReaderRemoved("the reader went away in the middle of a command") from exc
            raise
        except TimeoutError as exc:
            raise DeviceTimeout(f"no answer within {deadline_s:g} s") from exc
