"""Virtual cards: the public read of the NHI card as documented, and this project's own test applet.

Nothing here is the insurer's card software, which is not public (docs/test-applet.md).
"""

from __future__ import annotations

from pathlib import Path

from visitbridge.errors import NotFound
from visitbridge.protocols.nhi.institution import SELECT_INSTITUTION
from visitbridge.sim.card.base import CardSnapshot, Pull, PulledCard, PullMoment, VirtualCard
from visitbridge.sim.card.hpc import HpcCard
from visitbridge.sim.card.nhi import NhiCard
from visitbridge.sim.card.plain import MuteCard, PlainCard
from visitbridge.sim.card.profiles import (
    ATR_HPC,
    ATR_OTHER,
    HPC_PROFILES,
    INSTITUTION_CARD_ID,
    MUTE_CARD_ID,
    NHI_PROFILES,
    OTHER_CARD_ID,
)

__all__ = [
    "CARD_IDS",
    "CardSnapshot",
    "Pull",
    "PullMoment",
    "PulledCard",
    "VirtualCard",
    "build_card",
]

CARD_IDS = (
    *(profile.card_id for profile in NHI_PROFILES),
    *(profile.card_id for profile in HPC_PROFILES),
    INSTITUTION_CARD_ID,
    OTHER_CARD_ID,
    MUTE_CARD_ID,
)
"""Every card that :func:`build_card` knows."""


def build_card(card_id: str, directory: Path | None = None) -> VirtualCard:
    """One of the lab's cards, with the memory that ``directory`` holds of it (None: a fresh one, not kept).

    Raises NotFound for an id that is not in :data:`CARD_IDS`.
    """
    for nhi in NHI_PROFILES:
        if nhi.card_id == card_id:
            return NhiCard(nhi, directory)
    for hpc in HPC_PROFILES:
        if hpc.card_id == card_id:
            return HpcCard(hpc, directory)
    if card_id == INSTITUTION_CARD_ID:
        # With a professional's ATR, since that says nothing.
        return PlainCard(card_id, ATR_HPC, select=SELECT_INSTITUTION)
    if card_id == OTHER_CARD_ID:
        return PlainCard(card_id, ATR_OTHER)
    if card_id == MUTE_CARD_ID:
        return MuteCard(card_id)
    raise NotFound(f"no virtual card {card_id!r}; there are {', '.join(CARD_IDS)}")
