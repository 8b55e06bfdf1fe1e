"""A simulated Feitian bR301BLE: CCID messages through one pipe, at extended APDU level."""

from __future__ import annotations

from collections.abc import Mapping

from visitbridge.errors import DeviceError
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
from visitbridge.protocols.feitian import profile
from visitbridge.protocols.reader_talk import Chain, Pieces
from visitbridge.sim.ble.reader import Fault, SimulatedReader

_REPLY_TO = {
    CommandKind.ICC_POWER_ON: ReplyKind.DATA_BLOCK,
    CommandKind.XFR_BLOCK: ReplyKind.DATA_BLOCK,
    CommandKind.ESCAPE: ReplyKind.ESCAPE,
}


class SimulatedBr301(SimulatedReader):
    """One slot, number 0."""

    command_pipe = profile.write_pipe(profile.SERVICES[0])
    reply_pipe = status_pipe = profile.notify_pipe(profile.SERVICES[0])
    battery_pipe = profile.BATTERY_LEVEL
    battery = b"\x55"

    def __init__(self, label: str, reader_id: str, faults: Mapping[int, Fault] | None = None) -> None:
        super().__init__(label, reader_id, faults)
        self.begin()

    def begin(self) -> None:
        """See the base."""
        self._pieces = Pieces(_measure_command)
        self._asked = CcidCommand(kind=CommandKind.GET_SLOT_STATUS)
        self._command = b""
        self._answer = b""

    def written(self, piece: bytes) -> None:
        """See the base; what makes no sense is not answered."""
        try:
            for raw in self._pieces.feed(piece):
                self._take(CcidCommand.decode(raw))
        except DeviceError:
            self._pieces = Pieces(_measure_command)

    def refuse(self) -> None:
        """See the base: mute, or absent."""
        self._say(outcome=Outcome.FAILED, error=SlotError.ICC_MUTE)

    def note(self, *, card_in: bool) -> None:
        """See the base."""
        self.send(b"\x50\x03" if card_in else b"\x50\x02")

    def stale(self, raw: bytes) -> bytes:
        """See the base."""
        return raw[:6] + bytes((raw[6] - 1 & 0xFF,)) + raw[7:]

    def time_extension(self, raw: bytes) -> bytes:
        """See the base."""
        return raw[:1] + bytes(4) + raw[5:7] + b"\x80\x02\x00"

    def _take(self, command: CcidCommand) -> None:
        self._asked = command
        match command.kind:
            case CommandKind.ICC_POWER_ON:
                atr = self.power_on()
                self._say(atr) if atr else self.refuse()
            case CommandKind.ICC_POWER_OFF:
                self.power_off()
                self._say()
            case CommandKind.XFR_BLOCK:
                self._take_block(command.params[1], command.data)
            case CommandKind.GET_SLOT_STATUS:
                self._say()
            case _:
                self._say(outcome=Outcome.FAILED, error=SlotError.NOT_SUPPORTED)

    def _take_block(self, chain: int, block: bytes) -> None:
        if chain == Chain.EXPECTS_MORE:
            self._give_block(Chain.CONTINUES)
            return
        self._command = block if chain in {Chain.WHOLE, Chain.BEGINS} else self._command + block
        if chain in {Chain.BEGINS, Chain.CONTINUES}:
            self._say(extra=Chain.EXPECTS_MORE)
            return
        self.execute(self._command, self._give_answer)

    def _give_answer(self, answer: bytes) -> None:
        self._answer = answer
        self._give_block(Chain.BEGINS)

    def _give_block(self, part: Chain) -> None:
        block, self._answer = self._answer[:DATA_MAX], self._answer[DATA_MAX:]
        if not self._answer:
            part = Chain.WHOLE if part is Chain.BEGINS else Chain.ENDS
        self._say(block, extra=part)

    def _say(
        self, data: bytes = b"", *, outcome: Outcome = Outcome.OK, error: int = 0, extra: int = 0
    ) -> None:
        icc = Icc.ABSENT if self.card is None else Icc.ACTIVE if self.powered else Icc.INACTIVE
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
        self.reply(reply.encode())


def _measure_command(begin: bytes) -> int | None:
    return None if len(begin) < 5 else HEADER_LENGTH + int.from_bytes(begin[1:5], "little")
