"""The lab's cards and where each of them is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from visitbridge.errors import NotFound
from visitbridge.sim.card import CARD_IDS, CardSnapshot, Pull, PulledCard, VirtualCard, build_card
from visitbridge.sim.card.profiles import HPC_PROFILES, MUTE_CARD_ID, NHI_PROFILES, OTHER_CARD_ID
from visitbridge.sim.vpcd import VpcdSlot

CardKind = Literal["nhi", "hpc", "other", "mute"]


class CardState(msgspec.Struct, frozen=True, kw_only=True):
    """``reader_id`` None: on the table."""

    card_id: str
    label: str
    kind: CardKind
    reader_id: str | None


class ReaderPlace(msgspec.Struct, frozen=True, kw_only=True):
    reader_id: str
    label: str


class CardTable:
    """All cards of :data:`visitbridge.sim.card.CARD_IDS`, with memories that outlive the lab."""

    def __init__(self, slots: Mapping[str, VpcdSlot], directory: Path) -> None:
        self._slots = slots
        self._cards: dict[str, VirtualCard] = {
            card_id: build_card(card_id, directory) for card_id in CARD_IDS
        }
        self._put_into: dict[str, str] = {}

    def cards(self) -> tuple[CardState, ...]:
        return tuple(
            CardState(card_id=card_id, label=label, kind=kind, reader_id=self._reader_of(card_id))
            for card_id, (label, kind) in _DESCRIPTIONS.items()
        )

    def readers(self) -> tuple[ReaderPlace, ...]:
        return tuple(
            ReaderPlace(reader_id=reader_id, label=slot.label) for reader_id, slot in self._slots.items()
        )

    async def insert(self, card_id: str, reader_id: str, pull: Pull | None = None) -> None:
        """Put the card into the reader, out of where it was, instead of what is in there.

        ``pull``: it leaves by itself at that APDU. Raises NotFound.
        """
        card, slot = self._card(card_id), self._slot(reader_id)
        if (before := self._reader_of(card_id)) is not None:
            await self._slots[before].pull()
        self._put_into[reader_id] = card_id
        await slot.insert(card if pull is None else PulledCard(card, pull))

    async def pull(self, reader_id: str) -> None:
        """Take out whatever is in the reader. Raises NotFound."""
        await self._slot(reader_id).pull()

    def memory(self, card_id: str) -> CardSnapshot:
        """What is on the card. Raises NotFound."""
        return self._card(card_id).snapshot()

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

    def _slot(self, reader_id: str) -> VpcdSlot:
        try:
            return self._slots[reader_id]
        except KeyError as exc:
            raise NotFound("no such virtual reader", field="reader_id") from exc


_DESCRIPTIONS: dict[str, tuple[str, CardKind]] = {
    **{profile.card_id: (f"{profile.basic.name}・健保卡", "nhi") for profile in NHI_PROFILES},
    **{profile.card_id: (f"{profile.holder.name}・醫事人員卡", "hpc") for profile in HPC_PROFILES},
    OTHER_CARD_ID: ("非健保卡", "other"),
    MUTE_CARD_ID: ("無反應的卡（插反）", "mute"),
}
