"""Who has taken the guided tour, per person and on the box, so that it is offered once and on no second phone (B04, T03)."""

from __future__ import annotations

from typing import Final

import msgspec

from visitbridge.ports.store import Store, Transaction
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import PerReader

_SETTING: Final = "tour.taken"
MOST_READERS: Final = 500


class TourTopic(msgspec.Struct, frozen=True, kw_only=True):
    """``taken``: this reader went through it, or skipped it."""

    taken: bool


class _Board(PerReader, frozen=True, kw_only=True):
    taken: frozenset[str]

    def for_reader(self, reader: str) -> TourTopic:
        return TourTopic(taken=reader in self.taken)


class TourBook:
    """A reader is a person, by staff id, or a phone on which nobody is signed in."""

    def __init__(self, store: Store, board: LiveBoard) -> None:
        self._store = store
        self._board = board

    async def load(self) -> None:
        self._publish(await self._store.read(_taken))

    async def note_taken(self, reader: str) -> None:
        """Durable when it returns."""

        def work(tx: Transaction) -> tuple[str, ...]:
            taken = (*(one for one in _taken(tx) if one != reader), reader)[-MOST_READERS:]
            tx.settings.set(_SETTING, msgspec.json.encode(taken).decode())
            return taken

        self._publish(await self._store.write(work))

    def _publish(self, taken: tuple[str, ...]) -> None:
        self._board.put("tour", _Board(taken=frozenset(taken)))


def _taken(tx: Transaction) -> tuple[str, ...]:
    text = tx.settings.get(_SETTING)
    return () if text is None else msgspec.json.decode(text, type=tuple[str, ...])
