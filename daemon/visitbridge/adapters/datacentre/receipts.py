"""Receipts are signed by the data centre; the box believes no other."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from visitbridge.protocols.datacentre.common import Receipt


def is_genuine(receipt: Receipt, public_key_hex: str) -> bool:
    """Whether the Ed25519 signature over ``receipt.signed_bytes()`` is right."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key_hex))
        key.verify(bytes.fromhex(receipt.signature), receipt.signed_bytes())
    except (InvalidSignature, ValueError):
        return False
    return True
