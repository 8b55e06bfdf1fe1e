"""The lab's cards and where each of them is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from visitbridge.errors import NotFound
from visitbridge.sim.card import (
    CARD_IDS,
    CardSnapshot,
    Pull,
    PulledCard,
    PullMoment,
    VirtualCard,
    build_card,
)
from visitbridge.sim.card.profiles import (
    HPC_PROFILES,
    INSTITUTION_CARD_ID,
    MUTE_CARD_ID,
    NHI_PROFILES,
    OTHER_CARD_ID,
)
from visitbridge.sim.contacts import Contacts

CardKind = Literal["nhi", "hpc", "other", "mute"]

_NEVER = Pull(PullMoment.BEFORE, 0)


class CardState(msgspec.Struct, frozen=True, kw_only=True):
    """``reader_id`` None: on the table. ``commands``: how many it got since it was last put in.

    ``left_by_itself``: it was told to leave at one of them, and did.
    """

    card_id: str
    label: str
    kind: CardKind
    reader_id: str | None
    commands: int
    left_by_itself: bool


class ReaderPlace(msgspec.Struct, frozen=True, kw_only=True):
    reader_id: str
    label: str


class CardSlot(Protocol):
    """Where a card can be put. ``card`` None: empty."""

    @property
    def label(self) -> str: ...

    @property
    def card(self) -> object | None: ...

    async def insert(self, card: Contacts) -> None: ...

    async def pull(self) -> None: ...


class CardTable:
    """All cards of :data:`visitbridge.sim.card.CARD_IDS`, with memories that outlive the lab.

    ``is_offered``: whether a reader, by its id, is one that the box uses at the moment.
    """

    def __init__(
        self,
        slots: Mapping[str, CardSlot],
        directory: Path,
        *,
        is_offered: Callable[[str], bool] = lambda _reader_id: True,
    ) -> None:
        self._slots = slots
        self._is_offered = is_offered
        self._cards: dict[str, VirtualCard] = {
            card_id: build_card(card_id, directory) for card_id in CARD_IDS
        }
        self._put_into: dict[str, str] = {}
        self._stays: dict[str, PulledCard] = {}

    def cards(self) -> tuple[CardState, ...]:
        return tuple(self._state(card_id, label, kind) for card_id, (label, kind) in _DESCRIPTIONS.items())

    def readers(self) -> tuple[ReaderPlace, ...]:
        return tuple(
            ReaderPlace(reader_id=reader_id, label=slot.label)
            for reader_id, slot in self._slots.items()
            if self._is_offered(reader_id)
        )

    async def insert(self, card_id: str, reader_id: str, pull: Pull | None = None) -> None:
        """Put the card into the reader, out of where it was, instead of what is in there.

        ``pull``: it leaves by itself at that APDU. Raises NotFound.
        """
        card, slot = self._card(card_id), self._slot(reader_id)
        if (before := self._reader_of(card_id)) is not None:
            await self._slots[before].pull()
        self._put_into[reader_id] = card_id
        stay = self._stays[card_id] = PulledCard(card, pull or _NEVER)
        await slot.insert(stay)

    async def pull(self, reader_id: str) -> None:
        """Take out whatever is in the reader. Raises NotFound."""
        await self._slot(reader_id).pull()

    def memory(self, card_id: str) -> CardSnapshot:
        """What is on the card. Raises NotFound."""
        return self._card(card_id).snapshot()

    def _state(self, card_id: str, label: str, kind: CardKind) -> CardState:
        stay = self._stays.get(card_id)
        return CardState(
            card_id=card_id,
            label=label,
            kind=kind,
            reader_id=self._reader_of(card_id),
            commands=0 if stay is None else stay.executed,
            left_by_itself=stay is not None and stay.is_gone,
        )

    def _reader_of(self, card_id: str) -> str | None:
        for reader_id, inside in self._put_into.items():
            # A card may have left its slot by itself.
            if inside == card_id and self._slots[reader_id].card is not None:
                return reader_id
        return None

    def _card(self, card_id: str) -> VirtualCard:
        try:
            return self._cards[card_id]
        except KeyError as exc:
            raise NotFound("no such virtual card", field="card_id") from exc

    def _slot(self, reader_id: str) -> CardSlot:
        try:
            return self._slots[reader_id]
        except KeyError as exc:
            raise NotFound("no such virtual reader", field="reader_id") from exc


_DESCRIPTIONS: dict[str, tuple[str, CardKind]] = {
    **{profile.card_id: (f"{profile.basic.name}・健保卡", "nhi") for profile in NHI_PROFILES},
    **{profile.card_id: (f"{profile.holder.name}・醫事人員卡", "hpc") for profile in HPC_PROFILES},
    INSTITUTION_CARD_ID: ("醫事機構卡", "other"),
    OTHER_CARD_ID: ("非健保卡", "other"),
    MUTE_CARD_ID: ("無反應的卡（插反）", "mute"),
}
