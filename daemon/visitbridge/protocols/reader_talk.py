"""What the dialogues with readers have in common, whatever frames a family uses: turns, pieces, notices.

A dialogue is a generator: it yields a :class:`Turn` and is sent the reader's next reply, until it returns its
result. No sockets, no clock: whoever drives it sends, waits and keeps the deadline.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator
from typing import TypeVar

import msgspec

from visitbridge.errors import DeviceError, Retry

ATT_PIECE = 20
"""Bytes of one GATT write or notification with the smallest ATT_MTU (Bluetooth Core vol. 3 part F §3.2.8: 23 - 3)."""

ANSWER_MAX = 65538
"""The longest response APDU: 65536 bytes and a status word (ISO/IEC 7816-3 §12.1.3)."""

R = TypeVar("R")
T = TypeVar("T")


class Turn(msgspec.Struct, frozen=True):
    """What to do next: send ``message`` (nothing when empty), then wait for one reply.

    ``patience``: by how much the usual wait for a reply is to be multiplied, since the reader asked for it.
    """

    message: bytes = b""
    patience: int = 1


Dialogue = Generator[Turn, R, T]


class Chain(enum.IntEnum):
    """Which part of an APDU a block carries: CCID wLevelParameter and bChainParameter, ACS chain parameter."""

    WHOLE = 0x00
    BEGINS = 0x01
    ENDS = 0x02
    CONTINUES = 0x03
    EXPECTS_MORE = 0x10


class Notice(enum.Enum):
    """What a reader says unasked. A hint only: ask for the presence before acting on it."""

    CARD_IN = "card_in"
    CARD_OUT = "card_out"
    SLEEPING = "sleeping"
    HARDWARE_ERROR = "hardware_error"


def out_of_step(detail: str) -> DeviceError:
    """Bytes that make no sense here: whether the last command acted is not known; the connection is of no more use."""
    return DeviceError(detail, retry=Retry.UNKNOWN)


def cut(message: bytes, size: int = ATT_PIECE) -> list[bytes]:
    """A message in pieces of at most ``size`` bytes, without headers of their own."""
    return [message[start : start + size] for start in range(0, len(message), size)]


def chained(
    apdu: bytes, block_max: int, transfer: Callable[[bytes, Chain], Dialogue[R, tuple[int, bytes]]]
) -> Dialogue[R, bytes]:
    """One exchange with the card at extended APDU level (CCID Rev. 1.1, §6.1.4 and §6.2.1).

    ``transfer`` sends one block of at most ``block_max`` bytes and returns chain parameter and data of the
    reader's answer. Raises DeviceError (``retry=unknown``) when the answers do not fit together.
    """
    *first, last = cut(apdu, block_max) or [b""]
    for number, block in enumerate(first):
        part, data = yield from transfer(block, Chain.CONTINUES if number else Chain.BEGINS)
        if data or part != Chain.EXPECTS_MORE:
            raise out_of_step("the reader answered before it had the whole command")
    part, answer = yield from transfer(last, Chain.ENDS if first else Chain.WHOLE)
    if part not in {Chain.WHOLE, Chain.BEGINS}:
        raise out_of_step("an answer that begins in its middle")
    while part in {Chain.BEGINS, Chain.CONTINUES}:
        part, data = yield from transfer(b"", Chain.EXPECTS_MORE)
        answer += data
        if part not in {Chain.CONTINUES, Chain.ENDS} or len(answer) > ANSWER_MAX:
            raise out_of_step("the blocks of an answer do not fit together")
    return answer


class Pieces:
    """Puts the pieces of one pipe together again.

    ``measure`` tells from the bytes at hand how long the message they begin is, None when that takes more
    bytes; it raises DeviceError for bytes that begin no message. So what is kept never exceeds one message.
    """

    def __init__(self, measure: Callable[[bytes], int | None]) -> None:
        self._measure = measure
        self._rest = b""

    @property
    def kept(self) -> int:
        """Bytes of a message that is not whole yet."""
        return len(self._rest)

    def feed(self, piece: bytes) -> list[bytes]:
        """The messages that are whole now. Raises DeviceError, forgetting everything, for bytes that begin none."""
        rest, self._rest = self._rest + piece, b""
        messages = []
        while rest and (length := self._measure(rest)) is not None and length <= len(rest):
            messages.append(rest[:length])
            rest = rest[length:]
        self._rest = rest
        return messages


def xor_of(data: bytes) -> int:
    """The checksum of ACS frames: all bytes XORed together."""
    result = 0
    for byte in data:
        result ^= byte
    return result
