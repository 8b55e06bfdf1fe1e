"""The order to erase a box, in two steps (B11, Y09). Ours, like the rest of the stand-in's protocol.

``prepare`` asks the box what would be lost; the box answers with an :class:`EraseReport`. ``confirm`` repeats the number
that a person at the institution has read there and accepts to lose. Both steps are signed by the key of the receipts
and name the box and its present life, so that neither can be made up, used on another box, or used again after the box
was bound anew.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from visitbridge.protocols.datacentre.common import Moment

_PURPOSE: Final = b"visitbridge erase order 1\n"


class EraseOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``sheet_id``: the id that the box told at binding. ``unsent``: with ``confirm``, how many items may be lost.

    ``signature``: Ed25519 over :meth:`signed_bytes`, hex.
    """

    order_id: str
    sheet_id: str
    step: Literal["prepare", "confirm"]
    issued_at: Moment
    unsent: int = 0
    signature: str = ""

    def signed_bytes(self) -> bytes:
        """The purpose, and canonical JSON (sorted keys) of everything but the signature."""
        unsigned = msgspec.structs.replace(self, signature="")
        return _PURPOSE + msgspec.json.encode(unsigned, order="sorted")


class EraseReport(msgspec.Struct, frozen=True, kw_only=True):
    """Body of ``POST /device/erasure``. ``ready``: the order is understood, nothing has been erased. ``erasing``: it begins.

    ``unsent``: items that are neither sent nor handed off, unfinished drafts included; ``oldest_at`` the oldest one's
    visit time.
    """

    order_id: str
    state: Literal["ready", "erasing"]
    unsent: int
    oldest_at: dt.datetime | None = None


def is_ordered_by(order: EraseOrder, public_key_hex: str) -> bool:
    """Whether the holder of this raw Ed25519 key signed the order."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key_hex))
        key.verify(bytes.fromhex(order.signature), order.signed_bytes())
    except (InvalidSignature, ValueError):
        return False
    return True
