"""Whether the box starts locked, and what opens it then (issue: unlock after a cold boot; decision 0022)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Protocol

import msgspec

from visitbridge.errors import FieldInvalid, VisitBridgeError
from visitbridge.ports.clock import Clock
from visitbridge.ports.phrases import PhraseJudge
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store
from visitbridge.services.card_signing import sign_by_card
from visitbridge.services.cards import CardDesk


class Ring(Protocol):
    """The part of ``adapters.keys.KeyRing`` that people handle."""

    @property
    def ways(self) -> Collection[str]: ...
    @property
    def challenge(self) -> bytes: ...
    def open_by_phrase(self, phrase: str) -> bytes: ...
    def open_by_card(self, signature: bytes) -> bytes: ...
    def lock(self, key: bytes, phrase: str) -> None: ...
    def let_machine_open(self, key: bytes) -> None: ...
    def add_card(self, key: bytes, signature: bytes) -> None: ...
    def forget_cards(self) -> None: ...


class LockSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``starts_locked``: a person has to open the box after every start. ``cards``: a registered card can, too."""

    starts_locked: bool
    cards: bool


class LockDesk:
    """Changes the lock of an open box. ``key``: the store's."""

    def __init__(
        self, store: Store, clock: Clock, cards: CardDesk, ring: Ring, key: bytes, *, judge: PhraseJudge
    ) -> None:
        self._store = store
        self._clock = clock
        self._cards = cards
        self._ring = ring
        self._key = key
        self._judge = judge

    def settings(self) -> LockSettings:
        ways = self._ring.ways
        return LockSettings(starts_locked="machine" not in ways, cards="card" in ways)

    async def set_phrase(self, phrase: str, *, former: str = "", phone_id: str) -> None:
        """From now on the box starts locked. Who changes a pass-phrase has to know the ``former`` one, which ends.

        Raises FieldInvalid (``phrase``): of another length, or guessed soon; UnlockRefused.
        """
        await self._require_former(former)
        await self._judge.require_hard(phrase)
        await asyncio.to_thread(self._ring.lock, self._key, phrase)
        await self._note("lock.phrase", phone_id)

    async def remove(self, *, former: str, phone_id: str) -> None:
        """The machine opens the box again; pass-phrase and cards are forgotten. Raises UnlockRefused."""
        await self._require_former(former)
        await asyncio.to_thread(self._ring.let_machine_open, self._key)
        await self._note("lock.remove", phone_id)

    async def add_card(self, reader_id: str, pin: bytearray, *, phone_id: str) -> None:
        """Let the card in a reader open the box beside the pass-phrase.

        Raises FieldInvalid (``phrase``) while there is no pass-phrase: cards get lost; see :func:`sign_by_card` for the rest.
        """
        if not self.settings().starts_locked:
            pin[:] = bytes(len(pin))
            raise FieldInvalid("a pass-phrase comes first", field="phrase")
        signature = await sign_by_card(self._cards, reader_id, pin, self._ring.challenge, is_known=True)
        await asyncio.to_thread(self._ring.add_card, self._key, signature)
        await self._note("lock.card", phone_id)

    async def note_opened(self, opened: Opened) -> None:
        """A locked box was opened: who did it is not known, how is, and how often it failed before."""
        entry = AuditEntry(
            at=self._clock.now(), who="box", act=f"lock.open.{opened.by}", why=f"refused={opened.refused}"
        )
        await self._store.write(lambda tx: tx.audit.append(entry))

    async def forget_cards(self, *, phone_id: str) -> None:
        await asyncio.to_thread(self._ring.forget_cards)
        await self._note("lock.forget_cards", phone_id)

    async def _require_former(self, former: str) -> None:
        if self.settings().starts_locked:
            await asyncio.to_thread(self._ring.open_by_phrase, former)

    async def _note(self, act: str, phone_id: str) -> None:
        entry = AuditEntry(at=self._clock.now(), who="phone", act=act, phone_id=phone_id)
        await self._store.write(lambda tx: tx.audit.append(entry))


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """``key``: the store's. ``by``: ``phrase`` or ``card``. ``refused``: tries that failed since the start."""

    key: bytes
    by: str
    refused: int

    def __repr__(self) -> str:
        return f"Opened(by={self.by!r})"


class UnlockDesk:
    """Waits for somebody who opens the box. One try at a time: each costs 128 MiB and a second or more."""

    def __init__(self, cards: CardDesk, ring: Ring) -> None:
        self._cards = cards
        self._ring = ring
        self._turn = asyncio.Lock()
        self._refused = 0
        self.opened: asyncio.Future[Opened] = asyncio.get_running_loop().create_future()

    @property
    def takes_cards(self) -> bool:
        return "card" in self._ring.ways

    def readers(self) -> tuple[str, ...]:
        """Readers that hold a health-professional card now."""
        return tuple(card.reader_id for card in self._cards.present() if card.kind == "hpc")

    async def by_phrase(self, phrase: str) -> None:
        """Raises UnlockRefused."""
        async with self._turn:
            try:
                key = await asyncio.to_thread(self._ring.open_by_phrase, phrase)
            except VisitBridgeError:
                self._refused += 1
                raise
            self._open(key, "phrase")

    async def by_card(self, reader_id: str, pin: bytearray) -> None:
        """Raises UnlockRefused and what :func:`sign_by_card` does."""
        async with self._turn:
            try:
                signature = await sign_by_card(
                    self._cards, reader_id, pin, self._ring.challenge, is_known=False
                )
                key = await asyncio.to_thread(self._ring.open_by_card, signature)
            except VisitBridgeError:
                self._refused += 1
                raise
            self._open(key, "card")

    def _open(self, key: bytes, by: str) -> None:
        if not self.opened.done():
            self.opened.set_result(Opened(key=key, by=by, refused=self._refused))
