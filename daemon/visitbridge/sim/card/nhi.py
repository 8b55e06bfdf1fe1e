"""The virtual NHI card: the public read as documented, and the test applet behind a secure channel.

The public part (SELECT, GET DATA 1100) is the real card's, as public readers use it. Everything else is this
project's own and no claim about the insurer's card (docs/test-applet.md).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec

from visitbridge.domain.people import BasicRecord
from visitbridge.domain.roc import parse_roc_date, roc_date
from visitbridge.errors import CardError
from visitbridge.protocols.apdu import Command, Response, StatusWord
from visitbridge.protocols.nhi import applet
from visitbridge.protocols.nhi.basic import NHI_AID, encode_basic
from visitbridge.protocols.nhi.records import Register
from visitbridge.protocols.nhi.testkeys import published_card_keys
from visitbridge.protocols.scp03 import CardChannel, SecurityLevel
from visitbridge.protocols.scp03_keys import CHALLENGE_LENGTH
from visitbridge.sim.card import nhi_applet
from visitbridge.sim.card.base import CardSnapshot, MemoryFile
from visitbridge.sim.card.nhi_memory import NhiMemory

_AUTHENTICATION_FAILED = 0x6300
_KEY_VERSION = 1


class NhiProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What a test NHI card is personalised with. ``uses_left`` and ``valid_until`` are a new card's."""

    card_id: str
    atr: bytes
    basic: BasicRecord
    insured_status: str = "3"
    is_cancelled: bool = False
    uses_left: int = 6
    valid_until: dt.date = dt.date(2040, 12, 31)


class NhiCard:
    def __init__(self, profile: NhiProfile, directory: Path | None = None) -> None:
        self._profile = profile
        self._file = MemoryFile(directory, profile.card_id)
        self._memory = self._file.load(NhiMemory) or NhiMemory(
            uses_left=profile.uses_left, valid_until=roc_date(profile.valid_until)
        )
        self._keys = published_card_keys(profile.basic.card_no)
        self._selected = False
        self._channel: CardChannel | None = None

    @property
    def card_id(self) -> str:
        return self._profile.card_id

    @property
    def atr(self) -> bytes:
        return self._profile.atr

    @property
    def memory(self) -> NhiMemory:
        return self._memory

    def reset(self) -> None:
        self._selected = False
        self._channel = None

    def snapshot(self) -> CardSnapshot:
        memory = self._memory
        return CardSnapshot(
            card_id=self.card_id,
            kind="nhi",
            applet=NHI_AID.hex().upper(),
            records=tuple(
                {
                    "visit_time": entry.visit_time,
                    "institution": entry.key[13:],
                    "sequence_no": entry.sequence_no,
                    "visit": entry.visit,
                    "record": entry.record,
                    "diagnoses": entry.diagnoses,
                    "orders": entry.orders_stage,
                    "orders_written": entry.orders_written,
                    **entry.mutations,
                }
                for entry in memory.entries
            ),
            counters={
                "uses_left": memory.uses_left,
                "channels": memory.channel_counter,
                "updates": memory.updates,
                **{f"last_number_{year}": number for year, number in memory.last_numbers.items()},
            },
        )

    def execute(self, apdu: bytes) -> bytes:
        try:
            command = Command.decode(apdu)
        except CardError:
            return Response(b"", StatusWord.WRONG_LENGTH).encode()
        return self._answer(command).encode()

    def _answer(self, command: Command) -> Response:
        if (command.cla, command.ins) == (0x00, 0xA4):
            return Response(b"", self._select(command))
        if not self._selected:
            return Response(b"", StatusWord.CONDITIONS_NOT_SATISFIED)
        if (command.cla, command.ins, command.p1, command.p2) == (0x00, 0xCA, 0x11, 0x00):
            return Response(encode_basic(self._profile.basic), StatusWord.OK)
        if (command.cla, command.ins) == (0x80, 0x50):
            return self._initialize_update(command)
        if (command.cla, command.ins) == (0x84, 0x82):
            return Response(b"", self._external_authenticate(command))
        if command.cla == 0x84:
            return self._secured(command)
        if command.cla == applet.CLA:
            return Response(b"", StatusWord.SECURITY_NOT_SATISFIED)
        if command.cla != 0x00:
            return Response(b"", StatusWord.CLASS_NOT_SUPPORTED)
        return Response(b"", StatusWord.INSTRUCTION_NOT_SUPPORTED)

    def _select(self, command: Command) -> int:
        self.reset()
        self._selected = command.p1 == 0x04 and command.data == NHI_AID
        return StatusWord.OK if self._selected else StatusWord.FILE_NOT_FOUND

    def _initialize_update(self, command: Command) -> Response:
        self._channel = None
        if len(command.data) != CHALLENGE_LENGTH:
            return Response(b"", StatusWord.WRONG_LENGTH)
        memory = self._copy_of_memory()
        memory.channel_counter += 1
        self._keep(memory)
        self._channel = CardChannel(
            self._keys,
            command.data,
            diversification=applet.diversification(self._profile.basic.card_no),
            key_version=_KEY_VERSION,
            sequence_counter=memory.channel_counter,
            aid=NHI_AID,
        )
        return Response(self._channel.update.encode(), StatusWord.OK)

    def _external_authenticate(self, command: Command) -> int:
        channel, self._channel = self._channel, None
        if channel is None:
            return StatusWord.CONDITIONS_NOT_SATISFIED
        try:
            channel.authenticate(command)
        except CardError:
            return _AUTHENTICATION_FAILED
        if channel.level != SecurityLevel.FULL:
            return StatusWord.SECURITY_NOT_SATISFIED
        self._channel = channel
        return StatusWord.OK

    def _secured(self, command: Command) -> Response:
        if self._channel is None:
            return Response(b"", StatusWord.SECURITY_NOT_SATISFIED)
        try:
            plain = self._channel.unwrap(command)
        except CardError:
            self._channel = None
            return Response(b"", StatusWord.SECURE_MESSAGING_INCORRECT)
        memory = self._copy_of_memory()
        response = nhi_applet.answer(plain, memory, self._register())
        if response.is_ok and plain.ins == applet.PUT_DATA:
            self._keep(memory)
        return self._channel.wrap(response)

    def _register(self) -> Register:
        return Register(
            basic=self._profile.basic,
            is_cancelled=self._profile.is_cancelled,
            insurer="01",
            insured_status=self._profile.insured_status,
            valid_until=parse_roc_date(self._memory.valid_until),
            uses_left=self._memory.uses_left,
        )

    def _copy_of_memory(self) -> NhiMemory:
        return msgspec.convert(msgspec.to_builtins(self._memory), NhiMemory)

    def _keep(self, memory: NhiMemory) -> None:
        # The file first: memory that could not be stored was never there.
        self._file.save(memory)
        self._memory = memory
