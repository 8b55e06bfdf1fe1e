"""The health-professional card of the test realm (protocols/nhi/hpc.py says what is real about it: little)."""

from __future__ import annotations

import hmac
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from visitbridge.errors import CardError
from visitbridge.protocols.apdu import Command, Response, StatusWord
from visitbridge.protocols.nhi.hpc import (
    CHALLENGE_LENGTH,
    HPC_TEST_AID,
    PIN_BLOCK_LENGTH,
    PIN_REFERENCE,
    PIN_TRIES,
    Holder,
    encode_holder,
    pin_block,
    signed_message,
)
from visitbridge.protocols.nhi.testkeys import published_hpc_key
from visitbridge.sim.card.base import CardSnapshot, MemoryFile


class HpcProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What a test HPC is personalised with. ``pin``: its digits."""

    card_id: str
    atr: bytes
    holder: Holder
    pin: str


class HpcMemory(msgspec.Struct, kw_only=True):
    """What changes on an HPC: ``tries_left`` of its PIN, and how often it signed."""

    tries_left: int = PIN_TRIES
    signatures: int = 0


class HpcCard:
    def __init__(self, profile: HpcProfile, directory: Path | None = None) -> None:
        self._profile = profile
        self._file = MemoryFile(directory, profile.card_id)
        self._memory = self._file.load(HpcMemory) or HpcMemory()
        self._key = published_hpc_key(profile.holder.hpc_no)
        self._selected = False
        self._pin_verified = False

    @property
    def card_id(self) -> str:
        return self._profile.card_id

    @property
    def atr(self) -> bytes:
        return self._profile.atr

    @property
    def memory(self) -> HpcMemory:
        return self._memory

    def reset(self) -> None:
        self._selected = False
        self._pin_verified = False

    def snapshot(self) -> CardSnapshot:
        return CardSnapshot(
            card_id=self.card_id,
            kind="hpc",
            applet=HPC_TEST_AID.hex().upper(),
            counters={"pin_tries_left": self._memory.tries_left, "signatures": self._memory.signatures},
        )

    def execute(self, apdu: bytes) -> bytes:
        try:
            command = Command.decode(apdu)
        except CardError:
            return Response(b"", StatusWord.WRONG_LENGTH).encode()
        data, status = self._answer(command)
        return Response(data, status).encode()

    def _answer(self, command: Command) -> tuple[bytes, int]:
        if command.cla != 0x00:
            return b"", StatusWord.CLASS_NOT_SUPPORTED
        if command.ins == 0xA4:
            return b"", self._select(command)
        if not self._selected:
            return b"", StatusWord.CONDITIONS_NOT_SATISFIED
        if command.ins == 0xCA and (command.p1, command.p2) == (0x01, 0x01):
            return encode_holder(self._profile.holder), StatusWord.OK
        if command.ins == 0x20:
            return b"", self._verify(command)
        if command.ins == 0x88:
            return self._sign(command)
        return b"", StatusWord.INSTRUCTION_NOT_SUPPORTED

    def _select(self, command: Command) -> int:
        self.reset()
        self._selected = command.p1 == 0x04 and command.data == HPC_TEST_AID
        return StatusWord.OK if self._selected else StatusWord.FILE_NOT_FOUND

    def _verify(self, command: Command) -> int:
        if command.p2 != PIN_REFERENCE:
            return StatusWord.DATA_NOT_FOUND
        if not command.data:
            return StatusWord.OK if self._pin_verified else self._tries_word()
        if len(command.data) != PIN_BLOCK_LENGTH:
            return StatusWord.WRONG_LENGTH
        self._pin_verified = False
        if not self._memory.tries_left:
            return StatusWord.AUTHENTICATION_BLOCKED
        # The try is spent before the comparison: a card torn out of the reader must not give free guesses.
        self._memory.tries_left -= 1
        self._file.save(self._memory)
        if not hmac.compare_digest(command.data, pin_block(self._profile.pin.encode("ascii"))):
            return self._tries_word()
        self._memory.tries_left = PIN_TRIES
        self._file.save(self._memory)
        self._pin_verified = True
        return StatusWord.OK

    def _tries_word(self) -> int:
        left = self._memory.tries_left
        return 0x63C0 | left if left else StatusWord.AUTHENTICATION_BLOCKED

    def _sign(self, command: Command) -> tuple[bytes, int]:
        if not self._pin_verified:
            return b"", StatusWord.SECURITY_NOT_SATISFIED
        if len(command.data) != CHALLENGE_LENGTH:
            return b"", StatusWord.WRONG_LENGTH
        message = signed_message(self._profile.holder.hpc_no, command.data)
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self._key.sign(message, algorithm))
        self._memory.signatures += 1
        self._file.save(self._memory)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big"), StatusWord.OK
