"""The answers a card gives only in T=0: ``61xx`` (more to fetch) and ``6Cxx`` (wrong length), for every transport.

PC/SC does not hide them, readers that exchange whole APDUs may or may not, and a T=1 card may chain with
``61xx`` too; so every transport sends its commands through :func:`exchange` and whoever is above sees one
command and one answer. Sources: ISO/IEC 7816-3 §12.2, ISO/IEC 7816-4 §5.6 and §7.6.1.
"""

from __future__ import annotations

from visitbridge.errors import CardError, DeviceError, Retry
from visitbridge.protocols.apdu import Lengths
from visitbridge.protocols.conversation import Conversation

# An answer of 64 KiB in pieces of 256 bytes; a card that goes on after that never ends.
_MOST_PIECES = 256
_GET_RESPONSE = 0xC0


def exchange(command: bytes, *, t0: bool) -> Conversation[bytes]:
    """Yield what to send to the card, take what it answers, return the whole answer with its status word.

    ``t0``: the card speaks T=0, where a command that carries data cannot also ask for some (case 4 is sent
    as case 3). Raises CardError for bytes that are no command or that T=0 cannot carry, before anything is
    sent; DeviceError (``retry=unknown``) for an answer without status word or without end.
    """
    lengths = Lengths.of(command)
    if t0 and lengths.extended:
        raise CardError("an extended-length command needs T=1")
    asks_for_data = lengths.le is not None
    if t0 and lengths.lc and asks_for_data:
        command, asks_for_data = command[:-1], False

    answer = _checked((yield command))
    if answer[-2] == 0x6C and asks_for_data and not lengths.extended:
        answer = _checked((yield command[:-1] + answer[-1:]))

    if answer[-2] != 0x61:
        return answer
    collected = b""
    for _ in range(_MOST_PIECES):
        if answer[-2] != 0x61:
            return collected + answer
        collected += answer[:-2]
        fetch = bytes((_channel_of(command[0]), _GET_RESPONSE, 0, 0, answer[-1]))
        answer = _checked((yield fetch))
        if answer[-2] == 0x6C:
            answer = _checked((yield fetch[:-1] + answer[-1:]))
    raise DeviceError("the card's answer does not end", retry=Retry.UNKNOWN)


def speaks_t0(atr: bytes) -> bool:
    """Whether a card with this ATR uses T=0 unless told otherwise (ISO/IEC 7816-3 §8.2.3: first TDi, or none)."""
    if len(atr) < 2 or not atr[1] & 0x80:
        return True
    first_td = 2 + (atr[1] >> 4 & 0x7).bit_count()
    return len(atr) <= first_td or atr[first_td] & 0x0F == 0


def _channel_of(cla: int) -> int:
    """Class byte of GET RESPONSE: the command's logical channel, without chaining and secure messaging."""
    return 0x40 | cla & 0x0F if cla & 0x40 else cla & 0x03


def _checked(answer: bytes) -> bytes:
    if len(answer) < 2:
        raise DeviceError("an answer without status word", retry=Retry.UNKNOWN)
    return answer
