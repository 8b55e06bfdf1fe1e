"""The host's side of a dialogue with one slot of a CCID reader, at short or extended APDU level."""

from __future__ import annotations

from visitbridge.errors import CardAbsent, CardMute, CardRemoved, DeviceError, Retry, VisitBridgeError
from visitbridge.protocols.ccid.messages import (
    DATA_MAX,
    CcidCommand,
    CcidReply,
    CommandKind,
    Icc,
    Outcome,
    Power,
    ReplyKind,
    SlotError,
)
from visitbridge.protocols.reader_talk import Chain, Dialogue, Turn, chained, out_of_step

# libccid, too, gives up on a reader after ten replies to something else.
_MOST_STRAYS = 10
# What a dirty or broken chip makes of its answer to reset (§6.2.6, table 6.2-2).
_NO_ANSWER_TO_RESET = frozenset({SlotError.ICC_MUTE, SlotError.PARITY, SlotError.BAD_TS, SlotError.BAD_TCK})

_REPLY_TO = {
    CommandKind.ICC_POWER_ON: ReplyKind.DATA_BLOCK,
    CommandKind.XFR_BLOCK: ReplyKind.DATA_BLOCK,
    CommandKind.ICC_POWER_OFF: ReplyKind.SLOT_STATUS,
    CommandKind.GET_SLOT_STATUS: ReplyKind.SLOT_STATUS,
    CommandKind.ESCAPE: ReplyKind.ESCAPE,
}


class CcidTalk:
    """Numbers commands, drops late and repeated replies, honours time extensions, chains long APDUs.

    One dialogue at a time; one that was left unfinished harms nothing, its reply has an old number.
    """

    def __init__(self, *, slot: int = 0) -> None:
        self._slot = slot
        self._seq = 0

    def power_on(self) -> Dialogue[CcidReply, bytes]:
        """Power the card and return its ATR, with every voltage in turn while it gives none that can be understood.

        Raises CardAbsent, CardMute, DeviceError.
        """
        for power in Power:
            reply = yield from self._ask(CommandKind.ICC_POWER_ON, params=bytes((power, 0, 0)))
            if reply.outcome is Outcome.OK:
                return reply.data
            if reply.icc is Icc.ABSENT:
                raise CardAbsent
            if reply.error not in _NO_ANSWER_TO_RESET:
                raise _failure(reply)
        raise CardMute("no answer to reset at any voltage")

    def reset(self) -> Dialogue[CcidReply, bytes]:
        """Reset a card that has power by powering it, as libccid does, and return its ATR. Raises as that."""
        return self.power_on()

    def power_off(self) -> Dialogue[CcidReply, None]:
        """Take the card's power. A card that is gone by now is no error. Raises DeviceError."""
        reply = yield from self._ask(CommandKind.ICC_POWER_OFF)
        if reply.outcome is not Outcome.OK and reply.icc is not Icc.ABSENT:
            raise _failure(reply)

    def presence(self) -> Dialogue[CcidReply, bool]:
        """Whether a card is in. Some readers call it a failure when there is none."""
        reply = yield from self._ask(CommandKind.GET_SLOT_STATUS)
        return reply.icc is not Icc.ABSENT

    def transmit(self, apdu: bytes) -> Dialogue[CcidReply, bytes]:
        """One exchange with the card; more than 261 bytes either way go in chained blocks.

        Raises CardRemoved, CardMute and DeviceError, all ``retry=unknown`` unless the reader took no notice of
        the command.
        """
        return (yield from chained(apdu, DATA_MAX, self._transfer))

    def escape(self, data: bytes) -> Dialogue[CcidReply, bytes]:
        """A vendor's command to the reader itself. Raises DeviceError."""
        reply = yield from self._ask(CommandKind.ESCAPE, data)
        if reply.outcome is not Outcome.OK:
            raise _failure(reply)
        return reply.data

    def _transfer(self, block: bytes, chain: Chain) -> Dialogue[CcidReply, tuple[int, bytes]]:
        reply = yield from self._ask(CommandKind.XFR_BLOCK, block, params=bytes((0, chain, 0)))
        if reply.outcome is not Outcome.OK:
            raise _failure(reply)
        return reply.extra, reply.data

    def _ask(
        self, kind: CommandKind, data: bytes = b"", *, params: bytes = bytes(3)
    ) -> Dialogue[CcidReply, CcidReply]:
        self._seq = (self._seq + 1) & 0xFF
        command = CcidCommand(kind=kind, data=data, slot=self._slot, seq=self._seq, params=params)
        turn = Turn(command.encode())
        strays = 0
        while True:
            reply = yield turn
            if not self._is_reply_to(command, reply):
                strays += 1
                if strays > _MOST_STRAYS:
                    raise out_of_step("the reader keeps answering something else")
                turn = Turn()
            elif reply.outcome is Outcome.TIME_EXTENSION:
                turn = Turn(patience=max(1, reply.error))
            else:
                return reply

    def _is_reply_to(self, command: CcidCommand, reply: CcidReply) -> bool:
        if (reply.slot, reply.seq) != (command.slot, command.seq):
            return False
        # A failure may come as a bare slot status, whatever was asked.
        is_bare_failure = reply.kind is ReplyKind.SLOT_STATUS and reply.outcome is Outcome.FAILED
        return reply.kind is _REPLY_TO[command.kind] or is_bare_failure


def _failure(reply: CcidReply) -> VisitBridgeError:
    if reply.icc is Icc.ABSENT:
        return CardRemoved("the reader says that no card is in")
    if reply.error == SlotError.ICC_MUTE:
        return CardMute("the card does not answer the reader", retry=Retry.UNKNOWN)
    if reply.error == SlotError.SLOT_BUSY:
        return DeviceError("the slot is busy", retry=Retry.LATER)
    if reply.error < 0x80:
        return DeviceError(f"the reader refuses field {reply.error} of a command", retry=Retry.NEVER)
    return DeviceError(f"the reader reports error {reply.error:02X}", retry=Retry.UNKNOWN)
