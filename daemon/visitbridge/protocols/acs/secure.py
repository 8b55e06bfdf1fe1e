"""Encryption and mutual authentication of the ACR3901 family (Reference Manual §6.1.3 and §6.1.6).

The vendor's design, not ours: AES-128-CBC with an initialisation vector of zeros for every message and an XOR
checksum. Equal messages look equal and tampering is hardly noticed, so bonding of the Bluetooth link still matters.
Unverified on a device (hardware.md §7): that the 32 bytes of the host's answer are chained, and the rule for the
session key; both are taken from the manual of the ACR1255U-J1, whose protocol is a close relative.
"""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from visitbridge.errors import PairingLost
from visitbridge.protocols.acs.frames import Code, Frame
from visitbridge.protocols.reader_talk import out_of_step

KEY_LENGTH = 16
FACTORY_MASTER_KEY = b"\xff" * KEY_LENGTH
"""Public: with it the authentication proves nothing. Rotate it when a reader is remembered."""

_FILL = b"\xff"


class SessionCipher:
    """Frames inside frames, with the session key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, frame: Frame, code: Code = Code.ENCRYPTED) -> Frame:
        """The frame that carries this one; a reader uses ``Code.ENCRYPTED_REPLY``."""
        plain = frame.encode()
        return Frame(code, encrypt(self._key, plain + _FILL * (-len(plain) % 16)))

    def open(self, frame: Frame, code: Code = Code.ENCRYPTED_REPLY) -> Frame:
        """The frame inside. Raises DeviceError for a frame that is not encrypted or was not with this key."""
        if frame.code != code or not frame.payload or len(frame.payload) % 16:
            raise out_of_step("a frame that is not encrypted where only such count")
        plain = decrypt(self._key, frame.payload)
        end = 3 + int.from_bytes(plain[1:3], "little")
        if plain[end:].strip(_FILL) or len(plain) - end >= 16:
            raise out_of_step("an encrypted frame does not decrypt to a frame")
        return Frame.decode(plain[:end])


class MutualAuthentication:
    """The host's part: challenge in, response out, proof in, session key out.

    ``host_random``: 16 fresh random bytes.
    """

    def __init__(self, master_key: bytes, host_random: bytes) -> None:
        if len(master_key) != KEY_LENGTH or len(host_random) != KEY_LENGTH:
            raise ValueError("master key and random number are 16 bytes each")
        self._master_key = master_key
        self._host_random = host_random
        self._reader_random = b""

    def respond(self, challenge: bytes) -> bytes:
        """The 32 bytes that answer the reader's encrypted random number (16 bytes). Raises DeviceError."""
        if len(challenge) != KEY_LENGTH:
            raise out_of_step("a challenge of another length than 16 bytes")
        self._reader_random = decrypt(self._master_key, challenge)
        return decrypt(self._master_key, self._host_random + self._reader_random)

    def finish(self, proof: bytes) -> SessionCipher:
        """Check the reader's proof (16 bytes). Raises PairingLost when the keys differ, DeviceError."""
        if not hmac.compare_digest(decrypt_block(self._master_key, proof), self._host_random):
            raise PairingLost("the reader does not have the key this box has for it")
        return SessionCipher(self._reader_random[:8] + self._host_random[:8])


def rewrite_of(old_key: bytes, random_number: bytes, new_key: bytes) -> bytes:
    """The 32 bytes that change a reader's master key (§7.1.4, §7.1.14): each half encrypted alone with the old key."""
    if not len(old_key) == len(random_number) == len(new_key) == KEY_LENGTH:
        raise ValueError("keys and random number are 16 bytes each")
    return encrypt(old_key, random_number) + encrypt(old_key, new_key)


def encrypt(key: bytes, data: bytes) -> bytes:
    """AES-128-CBC with zeros as initialisation vector, without padding."""
    encryptor = _aes(key).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def decrypt(key: bytes, data: bytes) -> bytes:
    """Inverse of :func:`encrypt`."""
    decryptor = _aes(key).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def decrypt_block(key: bytes, data: bytes) -> bytes:
    """Inverse of :func:`encrypt` for exactly 16 bytes. Raises DeviceError for another length."""
    if len(data) != KEY_LENGTH:
        raise out_of_step("a proof of another length than 16 bytes")
    return decrypt(key, data)


def _aes(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(bytes(16)))
