"""Key derivation of the secure channel: from a card's static keys to the keys and cryptograms of one session.

Source: GlobalPlatform Amendment D (SCP03) §4.1.5 and §6.2; NIST SP 800-108 in counter mode; NIST SP 800-38B.
"""

from __future__ import annotations

import enum
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC

CHALLENGE_LENGTH = 8


class Derivation(enum.IntEnum):
    """Data derivation constants (§4.1.5, table 4-1)."""

    CARD_CRYPTOGRAM = 0x00
    HOST_CRYPTOGRAM = 0x01
    CARD_CHALLENGE = 0x02
    SESSION_ENC = 0x04
    SESSION_MAC = 0x06
    SESSION_RMAC = 0x07


class ChannelKeys(Protocol):
    """The static keys of one card."""

    @property
    def enc(self) -> bytes: ...

    @property
    def mac(self) -> bytes: ...


class SessionKeys(msgspec.Struct, frozen=True):
    """Keys of one session; ``context`` is host challenge ‖ card challenge."""

    enc: bytes
    mac: bytes
    rmac: bytes
    context: bytes

    @classmethod
    def derive(cls, static: ChannelKeys, host_challenge: bytes, card_challenge: bytes) -> SessionKeys:
        context = host_challenge + card_challenge
        return cls(
            derive(static.enc, Derivation.SESSION_ENC, 128, context),
            derive(static.mac, Derivation.SESSION_MAC, 128, context),
            derive(static.mac, Derivation.SESSION_RMAC, 128, context),
            context,
        )

    def cryptogram(self, whose: Derivation) -> bytes:
        return derive(self.mac, whose, 8 * CHALLENGE_LENGTH, self.context)


def cmac(key: bytes, message: bytes) -> bytes:
    """AES-CMAC, 16 bytes (NIST SP 800-38B)."""
    mac = CMAC(algorithms.AES(key))
    mac.update(message)
    return mac.finalize()


def derive(key: bytes, constant: int, bits: int, context: bytes) -> bytes:
    """KDF in counter mode of NIST SP 800-108 with AES-CMAC (§4.1.5).

    Fixed input: label (11 zero bytes and the constant), a zero byte, the length in bits (2 bytes), the counter
    (1 byte), the context.
    """
    output = b""
    counter = 0
    while 8 * len(output) < bits:
        counter += 1
        output += cmac(
            key, bytes(11) + bytes((constant, 0)) + bits.to_bytes(2, "big") + bytes((counter,)) + context
        )
    return output[: bits // 8]


def card_challenge(enc_key: bytes, sequence_counter: int, aid: bytes) -> bytes:
    """Pseudo-random card challenge (§6.2.2.1): the counter (3 bytes) and the application's identifier."""
    return derive(enc_key, Derivation.CARD_CHALLENGE, 64, sequence_counter.to_bytes(3, "big") + aid)
