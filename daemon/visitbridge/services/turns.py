"""Whose turn it is at a reader (A02, D04): one phone at a time, for a minute after it last used it.

Several people share a reader by taking turns. A turn is over when its phone gives it back, when its time is up, and
when the card leaves the reader: whoever takes a card out hands the reader on. The box's own card sessions, which are
exclusive by the reader itself, are shown beside it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import math
from collections.abc import Iterator
from typing import Literal

import msgspec

from visitbridge.errors import ReaderTaken
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import PairedPhone
from visitbridge.runtime.hold import Lease
from visitbridge.services.cards import CardDesk
from visitbridge.services.live import LiveBoard

TURN_S = 60.0


class ReaderUse(msgspec.Struct, frozen=True, kw_only=True):
    """Who uses a reader until ``ends_at`` at the latest.

    ``phone``: the phone ``phone_id``, called ``name``. ``box``: a card session of the box's own.
    """

    reader_id: str
    by: Literal["phone", "box"]
    phone_id: str = ""
    name: str = ""
    ends_at: dt.datetime


class UsesTopic(msgspec.Struct, frozen=True, kw_only=True):
    """At most one use for each reader; one whose ``ends_at`` has passed is over."""

    uses: tuple[ReaderUse, ...]


class _Turn(msgspec.Struct, frozen=True):
    lease: Lease
    phone: PairedPhone
    insertion: int


class ReaderTurns:
    """``turn_s``: how long a turn lasts after its phone last used the reader."""

    def __init__(self, cards: CardDesk, board: LiveBoard, clock: Clock, *, turn_s: float = TURN_S) -> None:
        self._cards = cards
        self._board = board
        self._clock = clock
        self._turn_s = turn_s
        self._turns: dict[str, _Turn] = {}
        self._sessions: dict[str, dt.datetime] = {}
        cards.when_changed(self._end_with_cards)
        self._publish()

    def use(self, reader_id: str, phone: PairedPhone) -> None:
        """Begin or go on with this phone's turn. An empty reader is nobody's.

        Raises ReaderTaken (the phone's name as ``owner``, ``remaining_s``) in another's turn, NotFound for a reader that
        this box has never seen.
        """
        card = self._cards.at(reader_id)
        self._require_free(reader_id, phone)
        if card.kind == "none":
            return
        lease = Lease(self._clock, phone.name, self._turn_s)
        self._turns[reader_id] = _Turn(lease, phone, card.insertion)
        self._publish()

    def release(self, reader_id: str, phone: PairedPhone) -> None:
        """Give the reader back before the time is up. Raises ReaderTaken in another's turn, NotFound as :meth:`use`."""
        self._cards.at(reader_id)
        self._require_free(reader_id, phone)
        if self._turns.pop(reader_id, None) is not None:
            self._publish()

    @contextlib.contextmanager
    def session(self, reader_id: str, deadline_s: float) -> Iterator[None]:
        """Show that the box itself uses the reader for the length of the block."""
        ends_at = self._sessions[reader_id] = self._clock.now() + dt.timedelta(seconds=deadline_s)
        self._publish()
        try:
            yield
        finally:
            # One whose time was over may have been followed by another.
            if self._sessions.get(reader_id) is ends_at:
                del self._sessions[reader_id]
                self._publish()

    @property
    def box_is_using(self) -> bool:
        """Whether the box itself has a card session under way at some reader."""
        return bool(self._sessions)

    def _require_free(self, reader_id: str, phone: PairedPhone) -> None:
        turn = self._turns.get(reader_id)
        if turn is not None and turn.phone.phone_id != phone.phone_id and turn.lease.remaining_s > 0:
            raise ReaderTaken(
                "another phone's turn",
                params={"owner": turn.lease.owner, "remaining_s": math.ceil(turn.lease.remaining_s)},
            )

    def _end_with_cards(self) -> None:
        inside = {card.reader_id: card.insertion for card in self._cards.present() if card.kind != "none"}
        over = [
            reader_id for reader_id, turn in self._turns.items() if inside.get(reader_id) != turn.insertion
        ]
        for reader_id in over:
            del self._turns[reader_id]
        if over:
            self._publish()

    def _publish(self) -> None:
        by_box = {
            reader_id: ReaderUse(reader_id=reader_id, by="box", ends_at=ends_at)
            for reader_id, ends_at in self._sessions.items()
        }
        by_phone = {reader_id: self._shown(reader_id, turn) for reader_id, turn in self._turns.items()}
        uses = by_phone | by_box
        self._board.put("uses", UsesTopic(uses=tuple(uses[reader_id] for reader_id in sorted(uses))))

    def _shown(self, reader_id: str, turn: _Turn) -> ReaderUse:
        return ReaderUse(
            reader_id=reader_id,
            by="phone",
            phone_id=turn.phone.phone_id,
            name=turn.phone.name,
            ends_at=self._clock.now() + dt.timedelta(seconds=turn.lease.remaining_s),
        )
