"""The host's side of a dialogue with an ACR3901: authentication first, then everything encrypted.

Frames have no sequence number. A reply that comes when nothing was asked, or after a dialogue was left unfinished,
could be taken for the answer to the next command; so whoever drives this drops the connection then.
"""

from __future__ import annotations

import enum
import secrets
from collections.abc import Callable

import msgspec

from visitbridge.errors import (
    CardAbsent,
    CardMute,
    CardRemoved,
    DeviceError,
    PairingLost,
    ReaderUnavailable,
    Retry,
)
from visitbridge.protocols.acs.frames import BLOCK_MAX, FAILED, Code, Frame
from visitbridge.protocols.acs.secure import (
    FACTORY_MASTER_KEY,
    KEY_LENGTH,
    MutualAuthentication,
    SessionCipher,
    rewrite_of,
)
from visitbridge.protocols.reader_talk import Chain, Dialogue, Turn, chained, out_of_step

_REPLY_TO = {
    Code.POWER_ON: Code.POWERED_ON,
    Code.POWER_OFF: Code.POWERED_OFF,
    Code.PRESENCE: Code.PRESENCE_IS,
    Code.APDU: Code.APDU_DONE,
    Code.APDU_EXTENDED: Code.APDU_EXTENDED_DONE,
    Code.ESCAPE: Code.ESCAPE_DONE,
    Code.AUTHENTICATE_1: Code.AUTHENTICATED_1,
    Code.AUTHENTICATE_2: Code.AUTHENTICATED_2,
}
_ABSENT = 0x01


class Escape(enum.IntEnum):
    """Commands to the reader itself (§7.1)."""

    SERIAL = 0x02
    FIRMWARE = 0x04
    REWRITE_MASTER_KEY = 0x07
    SLEEP = 0x0D
    MASTER_KEY_RESET = 0x0F


class SleepAfter(enum.IntEnum):
    """How long the reader stays awake unasked, in seconds (§7.1.5); 60 unless told otherwise."""

    S60 = 0x00
    S90 = 0x01
    S120 = 0x02
    S180 = 0x03
    NEVER = 0x04


class Refusal(msgspec.Struct, frozen=True):
    """The reader answered with an error. ``code``: its number, whose meaning is not public."""

    code: int


class AcsTalk:
    """One connection to a reader with the master key that this box has for it.

    ``random``: gives as many fresh random bytes as asked for.
    """

    def __init__(
        self,
        master_key: bytes = FACTORY_MASTER_KEY,
        *,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._master_key = master_key
        self._random = random
        self._cipher: SessionCipher | None = None

    def authenticate(self) -> Dialogue[Frame, None]:
        """Prove to each other that both have the master key; everything later is encrypted.

        Raises PairingLost when the reader has another key, DeviceError.
        """
        self._cipher = None
        exchange = MutualAuthentication(self._master_key, self._random(KEY_LENGTH))
        challenge = yield from self._ask(Code.AUTHENTICATE_1)
        proof = yield from self._ask(Code.AUTHENTICATE_2, exchange.respond(_unrefused(challenge)))
        if isinstance(proof, Refusal):
            raise PairingLost(f"the reader refuses the key: error {proof.code:02X}")
        self._cipher = exchange.finish(proof)

    def power_on(self) -> Dialogue[Frame, bytes]:
        """Power the card and return its ATR. Raises CardAbsent, CardMute, DeviceError."""
        reply = yield from self._ask(Code.POWER_ON)
        if not isinstance(reply, Refusal):
            return reply
        if (yield from self.presence()):
            raise CardMute(f"the reader reports error {reply.code:02X}")
        raise CardAbsent

    def power_off(self) -> Dialogue[Frame, None]:
        """Take the card's power. A card that is gone by now is no error. Raises DeviceError."""
        reply = yield from self._ask(Code.POWER_OFF)
        if isinstance(reply, Refusal) and (yield from self.presence()):
            _unrefused(reply)

    def reset(self) -> Dialogue[Frame, bytes]:
        """Power the card anew and return its ATR; no frame for a warm reset is public. Raises as those do."""
        yield from self.power_off()
        return (yield from self.power_on())

    def presence(self) -> Dialogue[Frame, bool]:
        """Whether a card is in. Raises ReaderUnavailable when the reader does not know, DeviceError."""
        state = _unrefused((yield from self._ask(Code.PRESENCE)))
        if state not in {b"\x01", b"\x02", b"\x03"}:
            raise ReaderUnavailable("the reader does not know whether a card is in")
        return state[0] != _ABSENT

    def transmit(self, apdu: bytes) -> Dialogue[Frame, bytes]:
        """One exchange with the card. What does not fit a short APDU goes in blocks (firmware 1.20 or later).

        Raises CardRemoved, DeviceError (both ``retry=unknown``).
        """
        if len(apdu) <= BLOCK_MAX and (len(apdu) < 7 or apdu[4]):
            return (yield from self._unlost((yield from self._ask(Code.APDU, apdu))))
        return (yield from chained(apdu, BLOCK_MAX, self._transfer))

    def serial(self) -> Dialogue[Frame, bytes]:
        """The reader's serial number, 10 bytes in the vendor's example."""
        return self.escape(Escape.SERIAL)

    def firmware(self) -> Dialogue[Frame, str]:
        """The firmware's version, such as ``V6.00.00``. Raises DeviceError."""
        text = yield from self.escape(Escape.FIRMWARE)
        if not text.isascii():
            raise out_of_step("a firmware version that is not ASCII")
        return text.decode("ascii").rstrip("\0")

    def sleep_after(self, option: SleepAfter) -> Dialogue[Frame, None]:
        """Set when the reader goes to sleep. Raises DeviceError."""
        _expect_success((yield from self.escape(Escape.SLEEP, bytes((option,)))))

    def rotate_master_key(self, new_key: bytes) -> Dialogue[Frame, None]:
        """Give the reader another master key; for this connection nothing changes.

        The new key must be stored before this is called, beside the old one: when the last reply is lost
        (DeviceTimeout, ReaderRemoved) the reader has either, and the next connection tries both.
        """
        number = yield from self.escape(Escape.MASTER_KEY_RESET)
        if len(number) != KEY_LENGTH:
            raise out_of_step("a random number of another length than 16 bytes")
        rewrite = rewrite_of(self._master_key, number, new_key)
        _expect_success((yield from self.escape(Escape.REWRITE_MASTER_KEY, rewrite)))
        self._master_key = new_key

    def escape(self, code: int, data: bytes = b"") -> Dialogue[Frame, bytes]:
        """A command to the reader itself: code, length, data both ways (§7.1). Raises DeviceError."""
        reply = _unrefused((yield from self._ask(Code.ESCAPE, bytes((code, len(data))) + data)))
        if len(reply) < 2 or reply[0] != code | 0x80 or reply[1] != len(reply) - 2:
            raise out_of_step("the reader answers another escape than the one asked")
        return reply[2:]

    def _transfer(self, block: bytes, chain: Chain) -> Dialogue[Frame, tuple[int, bytes]]:
        asked = yield from self._ask(Code.APDU_EXTENDED, bytes((chain,)) + block)
        reply = yield from self._unlost(asked)
        if not reply:
            raise out_of_step("a block without chain parameter")
        return reply[0], reply[1:]

    def _unlost(self, reply: bytes | Refusal) -> Dialogue[Frame, bytes]:
        if isinstance(reply, Refusal) and not (yield from self.presence()):
            raise CardRemoved("the card is gone in the middle of a command")
        return _unrefused(reply)

    def _ask(self, code: Code, payload: bytes = b"") -> Dialogue[Frame, bytes | Refusal]:
        frame = Frame(code, payload)
        reply = yield Turn((self._cipher.seal(frame) if self._cipher else frame).encode())
        if self._cipher:
            reply = self._cipher.open(reply)
        expected = _REPLY_TO[code]
        if reply.code == expected:
            return reply.payload
        if reply.code == expected | FAILED and len(reply.payload) == 1:
            return Refusal(reply.payload[0])
        raise out_of_step("the reader answers something else than it was asked")


def _unrefused(reply: bytes | Refusal) -> bytes:
    if isinstance(reply, Refusal):
        raise DeviceError(f"the reader reports error {reply.code:02X}", retry=Retry.UNKNOWN)
    return reply


def _expect_success(result: bytes) -> None:
    if result != b"\x00":
        raise DeviceError("the reader refused the setting", retry=Retry.NEVER)
