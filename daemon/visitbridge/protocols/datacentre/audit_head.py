"""The head of a box's audit trail, signed, in a header of every upload (``Audit-Head``).

One chain value stands for the whole trail, so a box that was set back, or whose last rows were cut off, shows at the
other side: by a smaller number, or by another value for a number already told.
"""

from __future__ import annotations

import re

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from visitbridge.errors import FieldInvalid

HEADER_AUDIT_HEAD = "Audit-Head"

_PREFIX = b"visitbridge audit head 1\n"
_FORM = re.compile(r"([0-9]{1,16}):([0-9a-f]{64}):([0-9a-f]{64}):([0-9a-f]{128})")


class SignedHead(msgspec.Struct, frozen=True, kw_only=True):
    """``number`` and ``chain`` (hex) of the last row; ``key_hex``: the box's raw Ed25519 public key."""

    number: int
    chain: str
    key_hex: str


def sign_head(number: int, chain: str, key: Ed25519PrivateKey) -> str:
    """The header's value: number, chain, public key and signature (hex), with colons between."""
    public = key.public_key().public_bytes_raw().hex()
    return f"{number}:{chain}:{public}:{key.sign(_signed(number, chain)).hex()}"


def read_head(text: str) -> SignedHead:
    """Inverse of :func:`sign_head`. Raises FieldInvalid for another form or a signature that does not fit."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise FieldInvalid("not a signed head", field=HEADER_AUDIT_HEAD)
    number, chain, key_hex, signature = int(found[1]), found[2], found[3], found[4]
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key_hex))
        key.verify(bytes.fromhex(signature), _signed(number, chain))
    except (InvalidSignature, ValueError) as exc:
        raise FieldInvalid("the signature does not fit", field=HEADER_AUDIT_HEAD) from exc
    return SignedHead(number=number, chain=chain, key_hex=key_hex)


def _signed(number: int, chain: str) -> bytes:
    return _PREFIX + f"{number}:{chain}".encode("ascii")
