"""Keys of the test realm, derived in the open from the card's number.

There is no secret here: anybody may compute these. They exist so that a virtual card and the stand-in data centre,
two programs that share no memory, can hold matching keys. Both functions refuse card numbers that do not start
with 9: mixing test and production cards locks real ones (nhi-domain §1.4).
"""

from __future__ import annotations

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visitbridge.errors import CardRealmMixed

_PUBLISHED_MASTER = b"visitbridge test realm: this key is published and protects nothing"
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""FIPS 186-4 D.1.2.3."""


class StaticKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The two long-lived AES-128 keys that an SCP03 session starts from."""

    enc: bytes
    mac: bytes


def published_card_keys(card_no: str) -> StaticKeys:
    """Static secure-channel keys of a test NHI card. Raises CardRealmMixed for any other number."""
    material = _derive(card_no, b"nhi-card static keys", 32)
    return StaticKeys(enc=material[:16], mac=material[16:])


def published_hpc_key(hpc_no: str) -> ec.EllipticCurvePrivateKey:
    """Signature key (P-256) of a test HPC. Raises CardRealmMixed for any other number."""
    # 16 bytes more than the order has: the bias of the reduction is below 2^-128 (FIPS 186-4 B.4.1).
    wide = int.from_bytes(_derive(hpc_no, b"hpc signature key", 48), "big")
    return ec.derive_private_key(wide % (_P256_ORDER - 1) + 1, ec.SECP256R1())


def _derive(number: str, purpose: bytes, length: int) -> bytes:
    if not number.startswith("9"):
        raise CardRealmMixed("the published keys are for test cards only")
    kdf = HKDF(
        hashes.SHA256(), length, salt=_PUBLISHED_MASTER, info=purpose + b"\x00" + number.encode("ascii")
    )
    return kdf.derive(_PUBLISHED_MASTER)
