"""A virtual card as its reader sees it: by the transmission protocol that its ATR names."""

from __future__ import annotations

from typing import Protocol

from visitbridge.errors import CardError
from visitbridge.protocols import t0
from visitbridge.protocols.apdu import Command, Response


class Contacts(Protocol):
    """What a reader needs of a card; every :class:`visitbridge.sim.card.base.VirtualCard` has it.

    An empty ``atr`` is a mute card. ``reset``: power was off, all but the memory is forgotten. ``execute``
    raises CardRemoved when the card leaves the reader without an answer.
    """

    @property
    def atr(self) -> bytes: ...

    def reset(self) -> None: ...

    def execute(self, apdu: bytes) -> bytes: ...


class T0Front:
    """The contacts of a card that speaks T=0: answers come by GET RESPONSE, lengths must fit exactly.

    The virtual cards answer a command with data at once. In T=0 that is impossible (ISO/IEC 7816-3 §12.2):
    the card says ``61xx`` first, and ``6Cxx`` to a wrong Le.
    """

    def __init__(self, card: Contacts) -> None:
        self._card = card
        self._waiting = b""
        self._status = b""
        self._corrected: tuple[bytes, bytes] | None = None

    @property
    def atr(self) -> bytes:
        return self._card.atr

    def reset(self) -> None:
        self._waiting, self._status, self._corrected = b"", b"", None
        self._card.reset()

    def execute(self, apdu: bytes) -> bytes:
        try:
            command = Command.decode(apdu)
        except CardError:
            return self._card.execute(apdu)
        if command.ins == 0xC0 and self._waiting:
            return self._give(command.le or 256)
        if self._corrected is not None and self._corrected[0] == command.header:
            answer = self._corrected[1]
        else:
            answer = self._card.execute(apdu)
        self._waiting, self._corrected = b"", None
        response = Response.decode(answer)
        if not response.data or command.needs_extended:
            return answer
        if command.le is None or command.data:
            self._waiting, self._status = response.data, answer[-2:]
            return _with_count(0x61, len(response.data))
        if len(response.data) != command.le:
            self._corrected = (command.header, answer)
            return _with_count(0x6C, len(response.data))
        return answer

    def _give(self, wanted: int) -> bytes:
        if wanted > len(self._waiting):
            return _with_count(0x6C, len(self._waiting))
        piece, self._waiting = self._waiting[:wanted], self._waiting[wanted:]
        return piece + (_with_count(0x61, len(self._waiting)) if self._waiting else self._status)


def contacts_of(card: Contacts) -> Contacts:
    """The card behind the protocol it speaks."""
    return T0Front(card) if t0.speaks_t0(card.atr) else card


def _with_count(sw1: int, count: int) -> bytes:
    return bytes((sw1, min(count, 256) & 0xFF))
