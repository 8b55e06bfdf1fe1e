"""Virtual readers without pcscd whose cards live in this process.

They keep the promises of ``ports.cards`` and pass the same contract tests as real ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from visitbridge.errors import CardRemoved
from visitbridge.ports.cards import ReaderInfo, ReaderState
from visitbridge.runtime.hold import MonotonicClock
from visitbridge.sim.contacts import Contacts, contacts_of
from visitbridge.sim.line_readers import Board, LineReader


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
        await self.reset()

    async def reset(self) -> None:
        if self._is_cut:
            raise CardRemoved("no card at the contacts")
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
