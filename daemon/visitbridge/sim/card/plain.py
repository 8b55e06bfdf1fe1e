"""Cards that are no use to a visit: one without any of our applications, one that does not answer at all."""

from __future__ import annotations

from visitbridge.errors import CardError, CardMute
from visitbridge.protocols.apdu import Command, Response, StatusWord
from visitbridge.sim.card.base import CardSnapshot


class PlainCard:
    """Another issuer's card: answers every SELECT with ``6A82``, but that of ``select`` with ``9000``."""

    def __init__(self, card_id: str, atr: bytes, *, select: bytes = b"") -> None:
        self._card_id = card_id
        self._atr = atr
        self._select = select

    @property
    def card_id(self) -> str:
        return self._card_id

    @property
    def atr(self) -> bytes:
        return self._atr

    def reset(self) -> None:
        return

    def snapshot(self) -> CardSnapshot:
        return CardSnapshot(card_id=self._card_id, kind="other", applet="")

    def execute(self, apdu: bytes) -> bytes:
        try:
            command = Command.decode(apdu)
        except CardError:
            return Response(b"", StatusWord.WRONG_LENGTH).encode()
        if self._select and apdu == self._select:
            return Response(b"", StatusWord.OK).encode()
        if command.ins == 0xA4:
            return Response(b"", StatusWord.FILE_NOT_FOUND).encode()
        return Response(b"", StatusWord.INSTRUCTION_NOT_SUPPORTED).encode()


class MuteCard:
    """A card that gives no ATR: upside down, dirty, broken."""

    def __init__(self, card_id: str) -> None:
        self._card_id = card_id

    @property
    def card_id(self) -> str:
        return self._card_id

    @property
    def atr(self) -> bytes:
        return b""

    def reset(self) -> None:
        return

    def snapshot(self) -> CardSnapshot:
        return CardSnapshot(card_id=self._card_id, kind="mute", applet="")

    def execute(self, apdu: bytes) -> bytes:
        raise CardMute("virtual card without an answer to reset")
