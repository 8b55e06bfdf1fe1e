"""The file: sealed by a pass-phrase, or to an institution's key and signed by the box.

A pass-phrase proves by itself that whoever sealed the file knew it. A public key proves nothing of the kind, since anybody can
seal to it: that form holds the box's signature, and is opened only with the fingerprint of the box that was expected.
"""

from __future__ import annotations

import secrets
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vbtools.selftest.signing import fingerprint_of
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.sealing import Envelope
from visitbridge.protocols.stretching import stretch

PHRASE_MAGIC: Final = b"VBSETP1\n"
_TO_KEY: Final = Envelope(magic=b"VBSETK1\n", purpose=b"visitbridge settings 1")
_SIGNED: Final = b"visitbridge settings 1 signed\n"
_SALT_BYTES, _NONCE_BYTES = 16, 12
_HEAD_BYTES = len(PHRASE_MAGIC) + _SALT_BYTES + _NONCE_BYTES


class _Signed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    content: bytes
    public_key: bytes
    signature: bytes


def seal_by_phrase(content: bytes, phrase: bytes) -> bytes:
    """Layout: magic (8) · salt (16) · nonce (12) · AES-256-GCM; the key by scrypt (RFC 7914); all before it is bound in."""
    head = PHRASE_MAGIC + secrets.token_bytes(_SALT_BYTES + _NONCE_BYTES)
    return head + AESGCM(_derive(phrase, head)).encrypt(head[-_NONCE_BYTES:], content, head)


def open_by_phrase(file: bytes, phrase: bytes) -> bytes:
    """Raises FieldInvalid (``file``)."""
    head = file[:_HEAD_BYTES]
    if len(head) < _HEAD_BYTES or not head.startswith(PHRASE_MAGIC):
        raise FieldInvalid("not a backup sealed by a pass-phrase", field="file")
    try:
        return AESGCM(_derive(phrase, head)).decrypt(head[-_NONCE_BYTES:], file[_HEAD_BYTES:], head)
    except InvalidTag as exc:
        raise FieldInvalid("another pass-phrase, or a damaged file", field="file") from exc


def seal_to_key(content: bytes, recipient: X25519PublicKey, box: Ed25519PrivateKey) -> bytes:
    """``recipient``: whose file it is, signed as well, so that it cannot be passed on as meant for another."""
    signed = _Signed(
        content=content,
        public_key=box.public_key().public_bytes_raw(),
        signature=box.sign(_SIGNED + recipient.public_bytes_raw() + content),
    )
    return _TO_KEY.seal(msgspec.json.encode(signed), recipient)


def open_with_key(file: bytes, key: X25519PrivateKey, fingerprint: str) -> bytes:
    """``fingerprint``: of the box that made it. Raises FieldInvalid (``file``, ``fingerprint``)."""
    try:
        signed = msgspec.json.decode(_TO_KEY.unseal(file, key), type=_Signed)
    except msgspec.DecodeError as exc:
        raise FieldInvalid("no backup of settings", field="file") from exc
    if fingerprint_of(signed.public_key) != "".join(fingerprint.split()).lower():
        raise FieldInvalid(f"made by another box: {fingerprint_of(signed.public_key)}", field="fingerprint")
    try:
        Ed25519PublicKey.from_public_bytes(signed.public_key).verify(
            signed.signature, _SIGNED + key.public_key().public_bytes_raw() + signed.content
        )
    except (InvalidSignature, ValueError) as exc:
        raise FieldInvalid("not signed by the box that it names", field="file") from exc
    return signed.content


def is_sealed_by_phrase(file: bytes) -> bool:
    return file.startswith(PHRASE_MAGIC)


def _derive(phrase: bytes, head: bytes) -> bytes:
    salt = head[len(PHRASE_MAGIC) : len(PHRASE_MAGIC) + _SALT_BYTES]
    return stretch(phrase, salt)
