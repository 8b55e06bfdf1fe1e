"""The hand-off file: uploads that leave the box by hand, sealed to the data centre's hand-off key (beyond #17).

Ours, like the rest of the stand-in's protocol; the insurer has published nothing of the kind. The envelope is that of
``protocols.sealing`` with the line VBHAND1; in it is the JSON of Letter. There the box signs the JSON of Handoff together
with the recipient's key, so that what it signed cannot be sealed anew to somebody else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Annotated, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec import Meta

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.common import Problem
from visitbridge.protocols.datacentre.uploads import UploadKind
from visitbridge.protocols.sealing import Envelope

_PURPOSE: Final = b"visitbridge hand-off 1"
ENVELOPE: Final = Envelope(magic=b"VBHAND1\n", purpose=_PURPOSE)


class HandoffItem(msgspec.Struct, frozen=True, kw_only=True):
    """One upload as it would have been sent: kind, idempotency key, body (base64 in JSON)."""

    kind: UploadKind
    key: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._:-]{1,64}\Z")]
    body: bytes


class Handoff(msgspec.Struct, frozen=True, kw_only=True):
    """What one box could not send. ``institution``: its 10-character code; ``sheet_id`` as told at binding."""

    handoff_id: str
    institution: str
    sheet_id: str
    made_at: dt.datetime
    items: tuple[HandoffItem, ...]


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An item that the import refused for good. ``digest`` of its body, SHA-256 in hex; ``problem`` as the upload's answer
    would have been.
    """

    key: str
    digest: str
    problem: Problem


class RefusedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of ``POST /handoffs/refused``: those keys of the request that were refused and have no receipt since."""

    refused: tuple[Refused, ...]


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """``content``: the JSON of :class:`Handoff`. ``signature``: ECDSA P-256 with SHA-256 in DER, by the key of the box's client
    certificate, over the purpose, the recipient's raw key and the content.
    """

    content: bytes
    signature: bytes


class Unsealed(msgspec.Struct, frozen=True, kw_only=True):
    """An opened file; who made it is not known before :func:`is_signed`."""

    handoff: Handoff
    signed: bytes
    signature: bytes


Sign = Callable[[bytes], bytes]
"""ECDSA P-256 with SHA-256, DER."""


def seal(handoff: Handoff, recipient: X25519PublicKey, sign: Sign) -> bytes:
    """The file's bytes; a fresh ephemeral key each time."""
    content = msgspec.json.encode(handoff)
    letter = Letter(content=content, signature=sign(_signed(content, recipient)))
    return ENVELOPE.seal(msgspec.json.encode(letter), recipient)


def unseal(file: bytes, key: X25519PrivateKey) -> Unsealed:
    """Inverse of :func:`seal`. Raises FieldInvalid (``file``) for anything that was not sealed to this key."""
    plain = ENVELOPE.unseal(file, key)
    try:
        letter = msgspec.json.decode(plain, type=Letter)
        return Unsealed(
            handoff=msgspec.json.decode(letter.content, type=Handoff),
            signed=_signed(letter.content, key.public_key()),
            signature=letter.signature,
        )
    except (ValueError, msgspec.DecodeError) as exc:
        raise FieldInvalid("not what a hand-off file holds", field="file") from exc


def is_signed(unsealed: Unsealed, keys: Iterable[EllipticCurvePublicKey]) -> bool:
    """Whether one of ``keys`` made the signature."""
    return any(_verifies(unsealed, key) for key in keys)


def _verifies(unsealed: Unsealed, key: EllipticCurvePublicKey) -> bool:
    try:
        key.verify(unsealed.signature, unsealed.signed, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _signed(content: bytes, recipient: X25519PublicKey) -> bytes:
    return _PURPOSE + b"\n" + recipient.public_bytes_raw() + content


def public_key(text: str) -> X25519PublicKey:
    """From 64 hex digits. Raises FieldInvalid (``handoff_key``)."""
    try:
        return X25519PublicKey.from_public_bytes(bytes.fromhex(text))
    except ValueError as exc:
        raise FieldInvalid("not an X25519 public key", field="handoff_key") from exc
