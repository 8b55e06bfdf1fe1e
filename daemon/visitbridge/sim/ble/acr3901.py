"""A simulated ACR3901U-S1: authentication, encryption, extended APDUs, key rotation, sleep option.

Its error codes are invented, since the vendor's list is not public.
"""

from __future__ import annotations

from collections.abc import Mapping

from visitbridge.errors import DeviceError
from visitbridge.protocols.acs import profile
from visitbridge.protocols.acs.frames import FAILED, Code, Frame, measure
from visitbridge.protocols.acs.secure import FACTORY_MASTER_KEY, SessionCipher, decrypt, encrypt
from visitbridge.protocols.reader_talk import Chain, Pieces
from visitbridge.sim.ble.reader import Fault, SimulatedReader

_BLOCK = 256
_ERROR = b"\x01"


class SimulatedAcr3901(SimulatedReader):
    """``master_key``: the key in its memory. Its random numbers are counted up, so that runs can be repeated."""

    command_pipe = profile.COMMAND_PIPE
    reply_pipe = profile.REPLY_PIPE
    status_pipe = profile.STATUS_PIPE
    battery_pipe = profile.BATTERY_LEVEL
    battery = b"\xfe"

    def __init__(self, label: str, reader_id: str, faults: Mapping[int, Fault] | None = None) -> None:
        super().__init__(label, reader_id, faults)
        self.master_key = FACTORY_MASTER_KEY
        self.sleep_option = 0
        self._count = 0
        self._reset_number = b""
        self.begin()

    def begin(self) -> None:
        """See the base."""
        self._pieces = Pieces(measure)
        self._cipher: SessionCipher | None = None
        self._challenge = b""
        self._asked = Code.AUTHENTICATE_2
        self._command = b""
        self._answer = b""

    def written(self, piece: bytes) -> None:
        """See the base; what makes no sense is not answered."""
        try:
            frames = [Frame.decode(raw) for raw in self._pieces.feed(piece)]
            for frame in frames:
                self._take(self._cipher.open(frame, Code.ENCRYPTED) if self._cipher else frame)
        except DeviceError:
            self._pieces = Pieces(measure)

    def refuse(self) -> None:
        """See the base."""
        self._say(_OK[self._asked] | FAILED, _ERROR)

    def note(self, *, card_in: bool) -> None:
        """See the base; never encrypted."""
        self.send(b"\x50\x03" if card_in else b"\x50\x02", pipe=self.status_pipe)

    def go_to_sleep(self) -> None:
        """See the base."""
        self.send(b"\x50\x04", pipe=self.status_pipe)
        super().go_to_sleep()

    def _take(self, frame: Frame) -> None:
        if frame.code not in _OK:
            return
        self._asked = Code(frame.code)
        match self._asked:
            case Code.AUTHENTICATE_1 if self._cipher is None:
                self._challenge = self._random()
                self._say(Code.AUTHENTICATED_1, encrypt(self.master_key, self._challenge))
            case Code.AUTHENTICATE_2 if self._cipher is None and len(frame.payload) == 32:
                self._authenticate(encrypt(self.master_key, frame.payload))
            case _ if self._cipher is None:
                pass
            case Code.POWER_ON:
                atr = self.power_on()
                self._say(Code.POWERED_ON, atr) if atr else self.refuse()
            case Code.POWER_OFF:
                self.power_off()
                self._say(Code.POWERED_OFF)
            case Code.PRESENCE:
                state = 1 if self.card is None else 3 if self.powered else 2
                self._say(Code.PRESENCE_IS, bytes((state,)))
            case Code.APDU:
                self.execute(frame.payload, lambda answer: self._say(Code.APDU_DONE, answer))
            case Code.APDU_EXTENDED:
                self._take_block(frame.payload[0], frame.payload[1:])
            case Code.ESCAPE:
                self._escape(frame.payload[0], frame.payload[2:])

    def _authenticate(self, plain: bytes) -> None:
        if plain[16:] != self._challenge:
            self.refuse()
            return
        self._say(Code.AUTHENTICATED_2, encrypt(self.master_key, plain[:16]))
        self._cipher = SessionCipher(self._challenge[:8] + plain[:8])

    def _take_block(self, chain: int, block: bytes) -> None:
        if chain == Chain.EXPECTS_MORE:
            self._give_block(Chain.CONTINUES)
            return
        self._command = block if chain in {Chain.WHOLE, Chain.BEGINS} else self._command + block
        if chain in {Chain.BEGINS, Chain.CONTINUES}:
            self._say(Code.APDU_EXTENDED_DONE, bytes((Chain.EXPECTS_MORE,)))
            return
        self.execute(self._command, self._give_answer)

    def _give_answer(self, answer: bytes) -> None:
        self._answer = answer
        self._give_block(Chain.BEGINS)

    def _give_block(self, part: Chain) -> None:
        block, self._answer = self._answer[:_BLOCK], self._answer[_BLOCK:]
        if not self._answer:
            part = Chain.WHOLE if part is Chain.BEGINS else Chain.ENDS
        self._say(Code.APDU_EXTENDED_DONE, bytes((part,)) + block)

    def _escape(self, code: int, data: bytes) -> None:
        match code:
            case 0x02:
                answer = b"\xff" * 10
            case 0x04:
                answer = b"V6.00.00"
            case 0x0D:
                self.sleep_option = data[0]
                answer = b"\x00"
            case 0x0F:
                answer = self._reset_number = self._random()
            case 0x07 if self._reset_number and decrypt(self.master_key, data[:16]) == self._reset_number:
                self.master_key, self._reset_number = decrypt(self.master_key, data[16:]), b""
                self.on_kept()
                answer = b"\x00"
            case 0x07:
                answer = b"\x01"
            case _:
                self.refuse()
                return
        self._say(Code.ESCAPE_DONE, bytes((code | 0x80, len(answer))) + answer)

    def _say(self, code: int, payload: bytes = b"") -> None:
        frame = Frame(code, payload)
        self.reply((self._cipher.seal(frame, Code.ENCRYPTED_REPLY) if self._cipher else frame).encode())

    def _random(self) -> bytes:
        self._count += 1
        return encrypt(bytes(16), self._count.to_bytes(16, "big"))


_OK = {
    Code.AUTHENTICATE_1: Code.AUTHENTICATED_1,
    Code.AUTHENTICATE_2: Code.AUTHENTICATED_2,
    Code.POWER_ON: Code.POWERED_ON,
    Code.POWER_OFF: Code.POWERED_OFF,
    Code.PRESENCE: Code.PRESENCE_IS,
    Code.APDU: Code.APDU_DONE,
    Code.APDU_EXTENDED: Code.APDU_EXTENDED_DONE,
    Code.ESCAPE: Code.ESCAPE_DONE,
}
