"""What a simulated CCID reader answers for one of its slots, at short and extended APDU level (CCID Rev. 1.1, §6)."""

from __future__ import annotations

from collections.abc import Callable

from visitbridge.protocols import t0
from visitbridge.protocols.ccid.messages import (
    DATA_MAX,
    HEADER_LENGTH,
    CcidCommand,
    CcidReply,
    CommandKind,
    Icc,
    Outcome,
    ReplyKind,
    SlotError,
)
from visitbridge.protocols.reader_talk import Chain
from visitbridge.sim.slot import SimulatedSlot

_REPLY_TO = {
    CommandKind.ICC_POWER_ON: ReplyKind.DATA_BLOCK,
    CommandKind.XFR_BLOCK: ReplyKind.DATA_BLOCK,
    CommandKind.ESCAPE: ReplyKind.ESCAPE,
    CommandKind.GET_PARAMETERS: ReplyKind.PARAMETERS,
    CommandKind.SET_PARAMETERS: ReplyKind.PARAMETERS,
    CommandKind.RESET_PARAMETERS: ReplyKind.PARAMETERS,
}
# abProtocolDataStructure by bProtocolNum, as ISO/IEC 7816-3 has it for an ATR without interface bytes (§6.1.7).
_DEFAULT_PARAMETERS = {0: bytes.fromhex("1100000A00"), 1: bytes.fromhex("11100015002000")}

# bError when a field is at fault: where it is in the command (table 6.2-2).
_BAD_LENGTH, _BAD_PROTOCOL = 1, 7


class CcidFace:
    """``say`` takes each reply, a whole message. Commands come one at a time."""

    def __init__(self, slot: SimulatedSlot, say: Callable[[bytes], None]) -> None:
        self._slot = slot
        self._pass_on = say
        self.restart()

    def restart(self) -> None:
        """Nothing that was said before counts."""
        self._asked = CcidCommand(kind=CommandKind.GET_SLOT_STATUS)
        self._command = b""
        self._answer = b""
        self._protocol = 0
        self._parameters = _DEFAULT_PARAMETERS[0]

    def take(self, command: CcidCommand) -> None:
        """Act on a command, and answer it as soon as there is an answer."""
        self._asked = command
        match command.kind:
            case CommandKind.ICC_POWER_ON:
                self._power_on()
            case CommandKind.ICC_POWER_OFF:
                self._slot.power_off()
                self._say()
            case CommandKind.XFR_BLOCK:
                self._take_block(command.params[1], command.data)
            case CommandKind.GET_SLOT_STATUS:
                self._say()
            case CommandKind.SET_PARAMETERS:
                self._set_parameters(command.params[0], command.data)
            case CommandKind.GET_PARAMETERS:
                self._give_parameters()
            case CommandKind.RESET_PARAMETERS:
                self._set_parameters(self._protocol, _DEFAULT_PARAMETERS[self._protocol])
            case _:
                self._fail(SlotError.NOT_SUPPORTED)

    def refuse(self) -> None:
        """Answer the command at hand with a failure: mute, or absent."""
        self._fail(SlotError.ICC_MUTE)

    def _power_on(self) -> None:
        atr = self._slot.power_on()
        if not atr:
            self.refuse()
            return
        self._protocol = 0 if t0.speaks_t0(atr) else 1
        self._parameters = _DEFAULT_PARAMETERS[self._protocol]
        self._say(atr)

    def _set_parameters(self, protocol: int, parameters: bytes) -> None:
        if protocol not in _DEFAULT_PARAMETERS:
            self._fail(_BAD_PROTOCOL)
        elif len(parameters) != len(_DEFAULT_PARAMETERS[protocol]):
            self._fail(_BAD_LENGTH)
        else:
            self._protocol, self._parameters = protocol, parameters
            self._give_parameters()

    def _give_parameters(self) -> None:
        if self._slot.powered:
            self._say(self._parameters, extra=self._protocol)
        else:
            self.refuse()

    def _take_block(self, chain: int, block: bytes) -> None:
        if chain == Chain.EXPECTS_MORE:
            self._give_block(Chain.CONTINUES)
            return
        self._command = block if chain in {Chain.WHOLE, Chain.BEGINS} else self._command + block
        if chain in {Chain.BEGINS, Chain.CONTINUES}:
            self._say(extra=Chain.EXPECTS_MORE)
            return
        self._slot.execute(self._command, self._give_answer)

    def _give_answer(self, answer: bytes) -> None:
        self._answer = answer
        self._give_block(Chain.BEGINS)

    def _give_block(self, part: Chain) -> None:
        block, self._answer = self._answer[:DATA_MAX], self._answer[DATA_MAX:]
        if not self._answer:
            part = Chain.WHOLE if part is Chain.BEGINS else Chain.ENDS
        self._say(block, extra=part)

    def _fail(self, error: int) -> None:
        self._say(outcome=Outcome.FAILED, error=error)

    def _say(
        self, data: bytes = b"", *, outcome: Outcome = Outcome.OK, error: int = 0, extra: int = 0
    ) -> None:
        slot = self._slot
        icc = Icc.ABSENT if slot.card is None else Icc.ACTIVE if slot.powered else Icc.INACTIVE
        reply = CcidReply(
            kind=_REPLY_TO.get(self._asked.kind, ReplyKind.SLOT_STATUS),
            data=data,
            slot=self._asked.slot,
            seq=self._asked.seq,
            icc=icc,
            outcome=outcome,
            error=error,
            extra=extra,
        )
        self._pass_on(reply.encode())


def measure_command(begin: bytes) -> int | None:
    """How long the command is that begins so; for ``reader_talk.Pieces``."""
    return None if len(begin) < 5 else HEADER_LENGTH + int.from_bytes(begin[1:5], "little")
