"""Secure channel in the manner of GlobalPlatform SCP03, both ends, sans-IO.

Source: GlobalPlatform Card Technology, Secure Channel Protocol '03', Amendment D to Card Specification v2.3,
version 1.1.1 and later. AES-128, S8 mode (8-byte challenges, cryptograms and MACs), pseudo-random card challenge
(``i`` = 70h). Not implemented: AES-192/256, S16 mode, the DEK key, BEGIN/END R-MAC SESSION.

A host may wrap several commands before it sees the first answer: MAC chaining and the encryption counter depend on
commands only. Answers are unwrapped in the order in which their commands were wrapped.
"""

from __future__ import annotations

import enum
import hmac
from collections import deque

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from visitbridge.errors import CardError
from visitbridge.protocols.apdu import Command, Response, StatusWord
from visitbridge.protocols.scp03_keys import (
    CHALLENGE_LENGTH,
    ChannelKeys,
    Derivation,
    SessionKeys,
    card_challenge,
    cmac,
)

MAC_LENGTH = 8
DIVERSIFICATION_LENGTH = 10
_BLOCK = 16
_PROTOCOL = b"\x03\x70"
_SECURE_CLASS = 0x04
_HEADER_LENGTH = DIVERSIFICATION_LENGTH + 3
_UPDATE_LENGTH = _HEADER_LENGTH + 2 * CHALLENGE_LENGTH + 3

MAX_COMMAND_DATA = 239
"""Plain bytes that fit one short command: 255 - 8 of MAC, rounded down to AES blocks, less one of padding."""

MAX_RESPONSE_DATA = 239
"""The same for a short response: 256 - 8, rounded down, less one."""


class SecurityLevel(enum.IntFlag):
    """P1 of EXTERNAL AUTHENTICATE (§7.1.2.1)."""

    C_MAC = 0x01
    C_ENCRYPTION = 0x02
    R_MAC = 0x10
    R_ENCRYPTION = 0x20

    FULL = C_MAC | C_ENCRYPTION | R_MAC | R_ENCRYPTION


class InitializeUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """The card's answer to INITIALIZE UPDATE (§7.1.1.6), S8 mode with sequence counter: 32 bytes.

    ``diversification``: 10 bytes by which the host finds the card's keys.
    """

    diversification: bytes
    key_version: int
    challenge: bytes
    cryptogram: bytes
    sequence_counter: int

    def encode(self) -> bytes:
        return b"".join(
            (
                self.diversification,
                bytes((self.key_version,)),
                _PROTOCOL,
                self.challenge,
                self.cryptogram,
                self.sequence_counter.to_bytes(3, "big"),
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> InitializeUpdate:
        """Raises CardError for another length, protocol or mode."""
        if len(data) != _UPDATE_LENGTH or data[11:13] != _PROTOCOL:
            raise CardError("not an SCP03 i=70 answer to INITIALIZE UPDATE")
        challenge_end = _HEADER_LENGTH + CHALLENGE_LENGTH
        return cls(
            diversification=data[:DIVERSIFICATION_LENGTH],
            key_version=data[DIVERSIFICATION_LENGTH],
            challenge=data[_HEADER_LENGTH:challenge_end],
            cryptogram=data[challenge_end : challenge_end + CHALLENGE_LENGTH],
            sequence_counter=int.from_bytes(data[-3:], "big"),
        )


def initialize_update(host_challenge: bytes, *, key_version: int = 0) -> Command:
    """INITIALIZE UPDATE with an 8-byte challenge that the host never used before."""
    return Command(0x80, 0x50, key_version, 0x00, host_challenge, le=256)


class _Chain:
    """What both ends keep in step: MAC chaining value and encryption counter."""

    def __init__(self, keys: SessionKeys, level: SecurityLevel) -> None:
        self.keys = keys
        self.level = level
        self.chaining = bytes(_BLOCK)
        self.counter = 0

    def mac_command(self, header: bytes, data: bytes, *, extended: bool) -> bytes:
        """Advance the chain over a command whose data field is ``data`` and give its MAC (§6.2.4)."""
        length = len(data) + MAC_LENGTH
        lc = b"\x00" + length.to_bytes(2, "big") if extended else bytes((length,))
        self.chaining = cmac(self.keys.mac, self.chaining + header + lc + data)
        return self.chaining[:MAC_LENGTH]

    def next_command(self) -> int:
        """Every command of the session counts, also one without data (§6.2.6)."""
        self.counter += 1
        return self.counter

    def encrypt(self, data: bytes, counter: int, *, response: bool) -> bytes:
        padded = data + b"\x80" + bytes(-(len(data) + 1) % _BLOCK)
        encryptor = self._cipher(counter, response=response).encryptor()
        return encryptor.update(padded) + encryptor.finalize()

    def decrypt(self, data: bytes, counter: int, *, response: bool) -> bytes:
        """Raises CardError when ``data`` is no padded ciphertext."""
        if len(data) % _BLOCK:
            raise CardError("secured data is not a whole number of blocks")
        decryptor = self._cipher(counter, response=response).decryptor()
        padded = decryptor.update(data) + decryptor.finalize()
        plain = padded.rstrip(b"\x00")
        if not plain.endswith(b"\x80"):
            raise CardError("secured data without padding")
        return plain[:-1]

    def mac_response(self, chaining: bytes, data: bytes, status: int) -> bytes:
        return cmac(self.keys.rmac, chaining + data + status.to_bytes(2, "big"))[:MAC_LENGTH]

    def _cipher(self, counter: int, *, response: bool) -> Cipher[modes.CBC]:
        # The ICV is the encrypted counter; answers set its highest bit (§6.2.6, §6.2.7). One block of CBC from a
        # zero IV is the plain block cipher.
        block = bytes((0x80 if response else 0x00,)) + counter.to_bytes(_BLOCK - 1, "big")
        single = Cipher(algorithms.AES(self.keys.enc), modes.CBC(bytes(_BLOCK))).encryptor()
        icv = single.update(block) + single.finalize()
        return Cipher(algorithms.AES(self.keys.enc), modes.CBC(icv))


def _is_protected(status: int) -> bool:
    """Only success and warnings travel protected; an error goes out bare (§6.2.5)."""
    return status == StatusWord.OK or status >> 8 in (0x62, 0x63)


class HostChannel:
    """The data centre's end.

    Raises CardError from the constructor when the card's cryptogram is wrong: not the card that holds these
    keys, or not this challenge.
    """

    def __init__(
        self,
        static: ChannelKeys,
        host_challenge: bytes,
        update: InitializeUpdate,
        *,
        level: SecurityLevel = SecurityLevel.FULL,
    ) -> None:
        keys = SessionKeys.derive(static, host_challenge, update.challenge)
        if not hmac.compare_digest(keys.cryptogram(Derivation.CARD_CRYPTOGRAM), update.cryptogram):
            raise CardError("the card's cryptogram does not match")
        self._chain = _Chain(keys, level)
        self._awaited: deque[tuple[bytes, int]] = deque()

    def external_authenticate(self) -> Command:
        """EXTERNAL AUTHENTICATE; to be sent before the first wrapped command, its answer is bare."""
        header = bytes((0x84, 0x82, self._chain.level, 0x00))
        cryptogram = self._chain.keys.cryptogram(Derivation.HOST_CRYPTOGRAM)
        mac = self._chain.mac_command(header, cryptogram, extended=False)
        return Command(header[0], header[1], header[2], header[3], cryptogram + mac)

    def wrap(self, command: Command) -> Command:
        """Secure one command; its answer must be unwrapped in turn."""
        counter = self._chain.next_command()
        data = command.data
        if data and self._chain.level & SecurityLevel.C_ENCRYPTION:
            data = self._chain.encrypt(data, counter, response=False)
        cla = command.cla | _SECURE_CLASS
        secured = Command(
            cla, command.ins, command.p1, command.p2, data + bytes(MAC_LENGTH), command.le, command.extended
        )
        mac = self._chain.mac_command(secured.header, data, extended=secured.needs_extended)
        self._awaited.append((self._chain.chaining, counter))
        return msgspec.structs.replace(secured, data=data + mac)

    def unwrap(self, response: Response) -> Response:
        """Check and open the answer to the oldest command not yet answered.

        An error status word comes back as it is: it is not authenticated. Raises CardError for a false
        answer, after which the channel must not be used.
        """
        chaining, counter = self._awaited.popleft()
        level = self._chain.level
        if not _is_protected(response.sw):
            return Response(b"", response.sw)
        data = response.data
        if level & SecurityLevel.R_MAC:
            data, mac = data[:-MAC_LENGTH], data[-MAC_LENGTH:]
            if not hmac.compare_digest(self._chain.mac_response(chaining, data, response.sw), mac):
                raise CardError("the MAC of the card's answer does not match")
        if data and level & SecurityLevel.R_ENCRYPTION:
            data = self._chain.decrypt(data, counter, response=True)
        return Response(data, response.sw)


class CardChannel:
    """The card's end, for virtual cards."""

    def __init__(
        self,
        static: ChannelKeys,
        host_challenge: bytes,
        *,
        diversification: bytes,
        key_version: int,
        sequence_counter: int,
        aid: bytes,
    ) -> None:
        challenge = card_challenge(static.enc, sequence_counter, aid)
        keys = SessionKeys.derive(static, host_challenge, challenge)
        self.update = InitializeUpdate(
            diversification=diversification,
            key_version=key_version,
            challenge=challenge,
            cryptogram=keys.cryptogram(Derivation.CARD_CRYPTOGRAM),
            sequence_counter=sequence_counter,
        )
        self._chain = _Chain(keys, SecurityLevel.C_MAC)
        self._is_open = False

    @property
    def is_open(self) -> bool:
        return self._is_open

    @property
    def level(self) -> SecurityLevel:
        return self._chain.level

    def authenticate(self, command: Command) -> None:
        """Check EXTERNAL AUTHENTICATE and open the channel at the level it asks for. Raises CardError."""
        cryptogram, mac = command.data[:-MAC_LENGTH], command.data[-MAC_LENGTH:]
        expected = self._chain.mac_command(command.header, cryptogram, extended=False)
        own = self._chain.keys.cryptogram(Derivation.HOST_CRYPTOGRAM)
        # Both comparisons always run: which of the two failed is nobody's business.
        matches = hmac.compare_digest(expected, mac), hmac.compare_digest(own, cryptogram)
        if self._is_open or not all(matches):
            raise CardError("host authentication failed")
        self._chain.level = SecurityLevel(command.p1)
        self._is_open = True

    def unwrap(self, command: Command) -> Command:
        """Check and open a secured command. Raises CardError; the channel is then closed for good."""
        if not self._is_open or not command.cla & _SECURE_CLASS:
            raise CardError("not a secured command of an open channel")
        self._is_open = False
        counter = self._chain.next_command()
        data, mac = command.data[:-MAC_LENGTH], command.data[-MAC_LENGTH:]
        expected = self._chain.mac_command(command.header, data, extended=command.needs_extended)
        if not hmac.compare_digest(expected, mac):
            raise CardError("the MAC of the command does not match")
        if data and self._chain.level & SecurityLevel.C_ENCRYPTION:
            data = self._chain.decrypt(data, counter, response=False)
        self._is_open = True
        return msgspec.structs.replace(command, cla=command.cla & ~_SECURE_CLASS, data=data)

    def wrap(self, response: Response) -> Response:
        """Secure the answer to the command last unwrapped."""
        if not _is_protected(response.sw):
            return Response(b"", response.sw)
        data = response.data
        if data and self._chain.level & SecurityLevel.R_ENCRYPTION:
            data = self._chain.encrypt(data, self._chain.counter, response=True)
        if self._chain.level & SecurityLevel.R_MAC:
            data += self._chain.mac_response(self._chain.chaining, data, response.sw)
        return Response(data, response.sw)
