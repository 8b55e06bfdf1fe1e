"""A simulated Feitian bR301BLE: CCID messages through one pipe, at extended APDU level."""

from __future__ import annotations

from collections.abc import Mapping

from visitbridge.errors import DeviceError
from visitbridge.protocols.ccid.messages import CcidCommand
from visitbridge.protocols.feitian import profile
from visitbridge.protocols.reader_talk import Pieces
from visitbridge.sim.ble.reader import Fault, SimulatedReader
from visitbridge.sim.ccid import CcidFace, measure_command


class SimulatedBr301(SimulatedReader):
    """One slot, number 0."""

    command_pipe = profile.write_pipe(profile.SERVICES[0])
    reply_pipe = status_pipe = profile.notify_pipe(profile.SERVICES[0])
    battery_pipe = profile.BATTERY_LEVEL
    battery = b"\x55"

    def __init__(self, label: str, reader_id: str, faults: Mapping[int, Fault] | None = None) -> None:
        super().__init__(label, reader_id, faults)
        self._face = CcidFace(self, self.reply)
        self.begin()

    def begin(self) -> None:
        """See the base."""
        self._pieces = Pieces(measure_command)
        self._face.restart()

    def written(self, piece: bytes) -> None:
        """See the base; what makes no sense is not answered."""
        try:
            for raw in self._pieces.feed(piece):
                self._face.take(CcidCommand.decode(raw))
        except DeviceError:
            self._pieces = Pieces(measure_command)

    def refuse(self) -> None:
        """See the base: mute, or absent."""
        self._face.refuse()

    def note(self, *, card_in: bool) -> None:
        """See the base."""
        self.send(b"\x50\x03" if card_in else b"\x50\x02")

    def stale(self, raw: bytes) -> bytes:
        """See the base."""
        return raw[:6] + bytes((raw[6] - 1 & 0xFF,)) + raw[7:]

    def time_extension(self, raw: bytes) -> bytes:
        """See the base."""
        return raw[:1] + bytes(4) + raw[5:7] + b"\x80\x02\x00"
