"""A file that one key alone opens, without a word exchanged before: the pattern of RFC 9180, base mode.

Layout::

    MAGIC (8 bytes, a line) · ephemeral X25519 public key (32) · nonce (12) · AES-256-GCM, tag included

The AES key is HKDF-SHA256 over the X25519 secret, with both public keys as salt and the purpose as info; what stands
before the ciphertext and the recipient's key are its associated data.
"""

from __future__ import annotations

import secrets
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visitbridge.errors import FieldInvalid

_MAGIC_BYTES: Final = 8
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = _MAGIC_BYTES + _KEY_BYTES + _NONCE_BYTES


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of sealed file. ``magic``: 8 bytes; ``purpose`` keeps the keys of two kinds apart."""

    magic: bytes
    purpose: bytes

    def seal(self, plain: bytes, recipient: X25519PublicKey) -> bytes:
        """The file's bytes; a fresh ephemeral key each time."""
        own = X25519PrivateKey.generate()
        head = self.magic + own.public_key().public_bytes_raw() + secrets.token_bytes(_NONCE_BYTES)
        key = self._derive(own.exchange(recipient), head, recipient)
        return head + AESGCM(key).encrypt(head[-_NONCE_BYTES:], plain, head + recipient.public_bytes_raw())

    def unseal(self, file: bytes, key: X25519PrivateKey) -> bytes:
        """Inverse of :meth:`seal`. Raises FieldInvalid (``file``) for anything that was not sealed to this key."""
        head = file[:_HEAD_BYTES]
        if len(head) < _HEAD_BYTES or not head.startswith(self.magic):
            raise FieldInvalid("not a file of this kind", field="file")
        recipient = key.public_key()
        sender = X25519PublicKey.from_public_bytes(head[_MAGIC_BYTES : _MAGIC_BYTES + _KEY_BYTES])
        try:
            cipher = AESGCM(self._derive(key.exchange(sender), head, recipient))
            return cipher.decrypt(
                head[-_NONCE_BYTES:], file[_HEAD_BYTES:], head + recipient.public_bytes_raw()
            )
        except (InvalidTag, ValueError) as exc:
            raise FieldInvalid("damaged, or sealed to another key", field="file") from exc

    def _derive(self, secret: bytes, head: bytes, recipient: X25519PublicKey) -> bytes:
        salt = head[_MAGIC_BYTES : _MAGIC_BYTES + _KEY_BYTES] + recipient.public_bytes_raw()
        return HKDF(algorithm=SHA256(), length=32, salt=salt, info=self.purpose).derive(secret)
