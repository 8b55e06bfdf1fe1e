"""Damaged streams from Bluetooth readers: what a link, a firmware or an attacker may make of good frames."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator

from visitbridge.errors import DeviceError
from visitbridge.protocols.acs.frames import Code, Frame
from visitbridge.protocols.acs.frames import measure as measure_acs
from visitbridge.protocols.acs.secure import SessionCipher
from visitbridge.protocols.ccid.messages import CcidReply, Icc, Outcome, ReplyKind
from visitbridge.protocols.ccid.messages import measure as measure_ccid
from visitbridge.protocols.ccid.messages import read as read_ccid
from visitbridge.protocols.reader_talk import Pieces, cut

KEPT_MAX = 276
"""The longest frame of either family: what a pipe may keep at most while it waits for the rest."""

_CIPHER = SessionCipher(bytes(range(16)))
_CCID_STATUS = (Icc.ACTIVE, Icc.INACTIVE, Icc.ABSENT)
_CODES = (0x11, 0x12, 0x14, 0x15, 0x17, 0x20, 0x21, 0x91, 0x97)

Count = int


def play_ccid(seed: int) -> Count:
    """One stream of damaged CCID messages through the pieces and the decoder; how many messages it had."""
    rng = random.Random(seed)
    good = [_ccid_reply(rng).encode() for _ in range(rng.randint(1, 12))]
    return _play(rng, good, Pieces(measure_ccid), read_ccid)


def play_acs(seed: int) -> Count:
    """The same for frames of the ACR3901, half of them encrypted."""
    rng = random.Random(seed)
    good = [_acs_frame(rng).encode() for _ in range(rng.randint(1, 12))]
    return _play(rng, good, Pieces(measure_acs), _read_acs)


def _play(rng: random.Random, good: list[bytes], pieces: Pieces, read: Callable[[bytes], object]) -> Count:
    stream = b"".join(_damaged(rng, message) for message in good)
    for piece in cut(stream, rng.choice((1, 7, 20, 20, 20, 244, 512))):
        for message in _fed(pieces, piece):
            with contextlib.suppress(DeviceError):
                read(message)
        assert pieces.kept < KEPT_MAX + len(piece)
    return len(good)


def _fed(pieces: Pieces, piece: bytes) -> Iterator[bytes]:
    try:
        yield from pieces.feed(piece)
    except DeviceError:
        assert pieces.kept == 0


def _read_acs(raw: bytes) -> Frame:
    frame = Frame.decode(raw)
    return _CIPHER.open(frame) if frame.code == Code.ENCRYPTED_REPLY else frame


def _ccid_reply(rng: random.Random) -> CcidReply:
    return CcidReply(
        kind=rng.choice(tuple(ReplyKind)),
        data=rng.randbytes(rng.choice((0, 2, 13, 59, 261))),
        seq=rng.randrange(256),
        icc=rng.choice(_CCID_STATUS),
        outcome=rng.choice(tuple(Outcome)),
        error=rng.randrange(256),
        extra=rng.choice((0, 1, 2, 3, 0x10)),
    )


def _acs_frame(rng: random.Random) -> Frame:
    plain = Frame(rng.choice(_CODES), rng.randbytes(rng.choice((0, 1, 2, 19, 59, 259))))
    return _CIPHER.seal(plain, Code.ENCRYPTED_REPLY) if rng.random() < 0.5 else plain


def _damaged(rng: random.Random, message: bytes) -> bytes:
    """The message as it is, or repeated, cut short, changed, filled up, left out, or replaced by noise."""
    match rng.randrange(8):
        case 0:
            return message * 2
        case 1:
            return message[: rng.randrange(len(message) + 1)]
        case 2 | 3:
            changed = bytearray(message)
            changed[rng.randrange(min(len(changed), 12))] = rng.randrange(256)
            return bytes(changed)
        case 4:
            return message + rng.randbytes(rng.randint(1, 8))
        case 5:
            return b""
        case 6:
            return rng.randbytes(rng.randint(1, 40))
        case _:
            return message
