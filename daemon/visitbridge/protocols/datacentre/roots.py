"""Announced roots: whom a box should trust for this data centre from now on (Y11). Ours, like the rest of the stand-in's protocol.

A data centre that is about to change its root says so while the box still trusts it. The announcement is signed by the
key of the receipts, which the box knows since binding, so that whoever holds only a TLS key can bring in no root.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Annotated, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

_PURPOSE: Final = b"visitbridge roots 1\n"

ROOTS_AT_ONCE: Final = 8


class RootsAnnouncement(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of ``GET /roots``. ``roots``: all that boxes should trust, one PEM certificate each; what an earlier
    announcement named and this one does not is to be trusted no longer. A later ``issued_at`` outranks an earlier one.

    ``signature``: Ed25519 over :meth:`signed_bytes`, hex.
    """

    roots: Annotated[
        tuple[Annotated[str, Meta(max_length=8192)], ...], Meta(min_length=1, max_length=ROOTS_AT_ONCE)
    ]
    issued_at: Annotated[dt.datetime, Meta(tz=True)]
    signature: str = ""

    def signed_bytes(self) -> bytes:
        """The purpose, and canonical JSON (sorted keys) of everything but the signature."""
        unsigned = msgspec.structs.replace(self, signature="")
        return _PURPOSE + msgspec.json.encode(unsigned, order="sorted")

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what is signed, as ``DeviceStatus.roots_digest`` tells it."""
        return hashlib.sha256(self.signed_bytes()).hexdigest()


def is_announced_by(announcement: RootsAnnouncement, public_key_hex: str) -> bool:
    """Whether the holder of this raw Ed25519 key signed the announcement."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key_hex))
        key.verify(bytes.fromhex(announcement.signature), announcement.signed_bytes())
    except (InvalidSignature, ValueError):
        return False
    return True
