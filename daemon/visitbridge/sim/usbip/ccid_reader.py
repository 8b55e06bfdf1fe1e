"""A simulated Feitian bR301 on its USB cable: one slot, extended APDU level, T=0 and T=1, and notices of its card.

The identity, the descriptors and the features are those that libccid's list of readers prints of the real one (FEITIAN
bR301, 096E:061A), so that libccid takes it as it takes that.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct

from visitbridge.errors import DeviceError
from visitbridge.protocols.ccid.messages import DATA_MAX, HEADER_LENGTH, CcidCommand, NoticeKind
from visitbridge.protocols.reader_talk import Pieces
from visitbridge.sim.ccid import CcidFace, measure_command
from visitbridge.sim.contacts import Contacts
from visitbridge.sim.slot import SimulatedSlot
from visitbridge.sim.usbip.device import DescriptorKind, Descriptors, UsbDevice

MODEL = "FEITIAN bR301"
"""What libccid calls this identity."""
VENDOR, PRODUCT, RELEASE = 0x096E, 0x061A, 0x0200

BULK_OUT, BULK_IN, INTERRUPT_IN = 1, 2, 3
_IN = 0x80
_BULK, _INTERRUPT = 2, 3
_PACKET_MAX, _NOTICE_MAX, _EVERY_MS = 64, 8, 16
_SMART_CARD_CLASS = 0x0B
_BUS_POWERED, _MILLIAMPERES = 0x80, 100

# Parameters by the ATR, activation, voltage, clock, baud rate, PPS and IFSD by itself; extended APDUs (§5.1).
_FEATURES = 0x000404BE
_T0_AND_T1, _ALL_VOLTAGES, _ALL_SYNCHRONOUS = 3, 7, 7
_CLOCK_KHZ, _BITS_PER_S, _MOST_BITS_PER_S = 3700, 9946, 318280
_IFSD_MAX = 254
_ECHOED_CLASS = 0xFF

_CARD_IN, _CARD_OUT = bytes((NoticeKind.SLOT_CHANGE, 0x03)), bytes((NoticeKind.SLOT_CHANGE, 0x02))


def describe(serial: str) -> Descriptors:
    """Full speed, one configuration, one interface. ``serial``: printed on the reader, and part of its PC/SC name."""
    device = struct.pack(
        "<BBHBBBBHHHBBBB",
        *(18, DescriptorKind.DEVICE, 0x0200, 0, 0, 0, _PACKET_MAX),
        *(VENDOR, PRODUCT, RELEASE, 1, 2, 3, 1),
    )
    interface = struct.pack("<BBBBBBBBB", 9, DescriptorKind.INTERFACE, 0, 0, 3, _SMART_CARD_CLASS, 0, 0, 4)
    ccid = struct.pack(
        "<BBHBBIIIBIIBIIIIIBBHBB",
        *(54, DescriptorKind.CCID, 0x0100, 0, _ALL_VOLTAGES, _T0_AND_T1),
        *(_CLOCK_KHZ, _CLOCK_KHZ, 0, _BITS_PER_S, _MOST_BITS_PER_S, 0),
        *(_IFSD_MAX, _ALL_SYNCHRONOUS, 0, _FEATURES, HEADER_LENGTH + DATA_MAX),
        *(_ECHOED_CLASS, _ECHOED_CLASS, 0, 0, 1),
    )
    endpoints = (
        _endpoint(BULK_OUT, _BULK, _PACKET_MAX, 0)
        + _endpoint(_IN | BULK_IN, _BULK, _PACKET_MAX, 0)
        + _endpoint(_IN | INTERRUPT_IN, _INTERRUPT, _NOTICE_MAX, _EVERY_MS)
    )
    parts = interface + ccid + endpoints
    configuration = struct.pack(
        "<BBHBBBBB",
        *(9, DescriptorKind.CONFIGURATION, 9 + len(parts), 1, 1, 0, _BUS_POWERED, _MILLIAMPERES // 2),
    )
    return Descriptors(
        device=device,
        configuration=configuration + parts,
        strings=("FEITIAN", "bR301", serial, "bR301 Bluetooth Reader"),
    )


class SimulatedUsbReader(SimulatedSlot):
    """The reader and its only slot. ``label`` and ``reader_id`` are what the box calls it.

    ``shortest_absence_s``: how long the slot stays empty at least between two cards, as no hand is quicker; pcscd asks
    for the state after each notice, and a swap that is over by then goes unseen.
    """

    def __init__(
        self, label: str, reader_id: str, *, serial: str = "", shortest_absence_s: float = 0.0
    ) -> None:
        super().__init__(label, reader_id)
        self._shortest_absence_s = shortest_absence_s
        self._empty_until_s = 0.0
        self._pieces = Pieces(measure_command)
        self._face = CcidFace(self, self._reply)
        self._device = UsbDevice(describe(serial), {BULK_OUT: self._written}, self._begin)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """See :meth:`UsbDevice.serve`. The card stays in; whoever plugs the reader in again finds it without power."""
        await self._device.serve(reader, writer)

    async def insert(self, card: Contacts) -> None:
        """See the base."""
        await self.pull()
        await asyncio.sleep(self._empty_until_s - asyncio.get_running_loop().time())
        await super().insert(card)

    async def pull(self) -> None:
        """See the base."""
        if self.card is not None:
            self._empty_until_s = asyncio.get_running_loop().time() + self._shortest_absence_s
        await super().pull()

    def refuse(self) -> None:
        """See the base."""
        self._face.refuse()

    def note(self, *, card_in: bool) -> None:
        """See the base: RDR_to_PC_NotifySlotChange (§6.3.1)."""
        self._device.send(INTERRUPT_IN, _CARD_IN if card_in else _CARD_OUT, newest_only=True)

    def _begin(self) -> None:
        self.restart()
        self._face.restart()
        self._pieces = Pieces(measure_command)
        if self.card is not None:
            self.note(card_in=True)

    def _written(self, data: bytes) -> None:
        with contextlib.suppress(DeviceError):
            for raw in self._pieces.feed(data):
                self._face.take(CcidCommand.decode(raw))

    def _reply(self, raw: bytes) -> None:
        self._device.send(BULK_IN, raw)


def _endpoint(address: int, kind: int, packet_max: int, interval: int) -> bytes:
    return struct.pack("<BBBBHB", 7, DescriptorKind.ENDPOINT, address, kind, packet_max, interval)
