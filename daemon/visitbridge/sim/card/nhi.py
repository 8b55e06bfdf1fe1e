"""The virtual NHI card: the public read as documented."""

from __future__ import annotations

from pathlib import Path

import msgspec

from visitbridge.domain.people import BasicRecord
from visitbridge.errors import CardError
from visitbridge.protocols.apdu import Command, Response, StatusWord
from visitbridge.protocols.nhi.basic import NHI_AID, encode_basic
from visitbridge.sim.card.base import CardSnapshot


class NhiProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What a test NHI card is personalised with."""

    card_id: str
    atr: bytes
    basic: BasicRecord


class NhiCard:
    def __init__(self, profile: NhiProfile, directory: Path | None = None) -> None:
        self._profile = profile
        self._selected = False

    @property
    def card_id(self) -> str:
        return self._profile.card_id

    @property
    def atr(self) -> bytes:
        return self._profile.atr

    def reset(self) -> None:
        self._selected = False

    def snapshot(self) -> CardSnapshot:
        return CardSnapshot(card_id=self.card_id, kind="nhi", applet=NHI_AID.hex().upper())

    def execute(self, apdu: bytes) -> bytes:
        try:
            command = Command.decode(apdu)
        except CardError:
            return Response(b"", StatusWord.WRONG_LENGTH).encode()
        if command.ins == 0xA4:
            self._selected = command.p1 == 0x04 and command.data == NHI_AID
            return Response(b"", StatusWord.OK if self._selected else StatusWord.FILE_NOT_FOUND).encode()
        if not self._selected:
            return Response(b"", StatusWord.CONDITIONS_NOT_SATISFIED).encode()
        if command.ins == 0xCA and (command.p1, command.p2) == (0x11, 0x00):
            return Response(encode_basic(self._profile.basic), StatusWord.OK).encode()
        return Response(b"", StatusWord.INSTRUCTION_NOT_SUPPORTED).encode()
