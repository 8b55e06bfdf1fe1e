"""Which card it is: its applications are selected, its ATR never trusted (nhi-domain §1.1), its public record read."""

from __future__ import annotations

from typing import Literal

import msgspec

from visitbridge.domain.people import BasicRecord
from visitbridge.errors import CardRefused, NotNhiCard
from visitbridge.ports.card_channel import CardChannel
from visitbridge.protocols.apdu import Response
from visitbridge.protocols.conversation import Conversation
from visitbridge.protocols.nhi.basic import READ_BASIC, SELECT_NHI, decode_basic
from visitbridge.protocols.nhi.hpc import SELECT_HPC
from visitbridge.protocols.nhi.institution import SELECT_INSTITUTION

CardKind = Literal["none", "reading", "nhi", "hpc", "institution", "unknown", "mute"]

_OTHER_KINDS: dict[CardKind, bytes] = {"hpc": SELECT_HPC, "institution": SELECT_INSTITUTION}


class PresentCard(msgspec.Struct, frozen=True, kw_only=True):
    """What is in one reader now.

    ``basic`` only for an NHI card that could be read, under the name that people confirmed for it. ``name_open``: the card
    cannot hold all of the name, and nobody has said it yet (G07).
    """

    reader_id: str
    reader_name: str
    kind: CardKind
    insertion: int
    basic: BasicRecord | None = None
    error_code: str = ""
    name_open: bool = False


async def read_basic(channel: CardChannel) -> BasicRecord:
    """The public record. Raises NotNhiCard when the card has no such application."""
    return await channel.converse(_basic_record())


def identify() -> Conversation[tuple[CardKind, BasicRecord | None]]:
    """``nhi`` with its record, ``hpc``, ``institution`` or ``unknown``. Raises CardError for a record that is damaged."""
    try:
        return "nhi", (yield from _basic_record())
    except NotNhiCard:
        for kind, select in _OTHER_KINDS.items():
            if Response.decode((yield select)).is_ok:
                return kind, None
    return "unknown", None


def is_of_test_realm(kind: CardKind, record: BasicRecord | None) -> bool | None:
    """Whether a card may meet test data only (nhi-domain §1.4); None for one of which that is not known.

    The applications of professionals' and institutions' cards that are known here are those of our own test cards.
    """
    if record is not None:
        return record.is_test_card
    return True if kind in _OTHER_KINDS else None


def _basic_record() -> Conversation[BasicRecord]:
    if not Response.decode((yield SELECT_NHI)).is_ok:
        raise NotNhiCard
    answer = Response.decode((yield READ_BASIC))
    if not answer.is_ok:
        raise CardRefused(params={"sw": answer.sw_hex})
    return decode_basic(answer.data)
