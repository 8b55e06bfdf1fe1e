"""What simulated Bluetooth readers have in common: a slot, a connection, and misbehaviour by schedule."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import enum
from collections.abc import AsyncIterator, Callable, Mapping

from visitbridge.errors import DeviceError, ReaderRemoved, ReaderUnavailable
from visitbridge.protocols.reader_talk import cut
from visitbridge.sim.slot import SimulatedSlot


class Fault(enum.Enum):
    """What a reader does with one of its replies instead of sending it in pieces of 20 bytes."""

    SPLIT = "split"  # one byte at a time
    MERGED = "merged"  # in one piece, whatever its length
    DAMAGED = "damaged"  # one byte changed
    STALE = "stale"  # once with an old number first, where the family has numbers
    DUPLICATE = "duplicate"  # twice
    TIME_EXTENSION = "time_extension"  # after asking for more time, where the family can
    SLEEP = "sleep"  # says that it goes to sleep and goes, without sending it
    DROP = "drop"  # ends the connection in the middle of it
    SILENCE = "silence"  # never


class SimulatedLink:
    """``ports.gatt.GattLink`` to a simulated reader; everything arrives in later turns of the event loop."""

    def __init__(self, reader: SimulatedReader) -> None:
        self._reader = reader
        self._on_value: Callable[[str, bytes], None] | None = None
        self._on_lost: Callable[[DeviceError], None] | None = None
        self._subscribed: set[str] = set()
        self.is_up = True

    def start(self, on_value: Callable[[str, bytes], None], on_lost: Callable[[DeviceError], None]) -> None:
        """See ``ports.gatt.GattLink``."""
        self._on_value, self._on_lost = on_value, on_lost

    def flags(self, pipe: str) -> frozenset[str]:
        """See ``ports.gatt.GattLink``."""
        reader = self._reader
        flags = {reader.reply_pipe: "notify", reader.status_pipe: "notify", reader.battery_pipe: "read"}
        return frozenset({flags[pipe]} if pipe in flags else {"write"} if pipe == reader.command_pipe else ())

    async def subscribe(self, pipe: str) -> None:
        """See ``ports.gatt.GattLink``."""
        self._check()
        self._subscribed.add(pipe)

    async def write(self, pipe: str, piece: bytes) -> None:
        """See ``ports.gatt.GattLink``; a pipe that is not the command pipe, or more than 20 bytes, is refused."""
        self._check()
        if pipe != self._reader.command_pipe or len(piece) > 20:
            raise DeviceError("the characteristic does not take this write")
        if not self._reader.is_cut_off_by_piece():
            self._reader.written(piece)

    async def read(self, pipe: str) -> bytes:
        """See ``ports.gatt.GattLink``."""
        self._check()
        if pipe != self._reader.battery_pipe:
            raise DeviceError("the characteristic cannot be read")
        return self._reader.battery

    def deliver(self, pipe: str, piece: bytes) -> None:
        """Let the host have a notification."""
        asyncio.get_running_loop().call_soon(self._deliver, pipe, piece)

    def cut(self) -> None:
        """Out of reach, off, asleep."""
        if self.is_up:
            self.is_up = False
            if self._on_lost is not None:
                asyncio.get_running_loop().call_soon(self._on_lost, ReaderRemoved("the simulated link ended"))

    def _deliver(self, pipe: str, piece: bytes) -> None:
        if not self.is_up or pipe not in self._subscribed or self._on_value is None:
            return
        if not self._reader.is_cut_off_by_piece():
            self._on_value(pipe, piece)

    def _check(self) -> None:
        if not self.is_up:
            raise ReaderRemoved("the simulated link ended")


class SimulatedReader(SimulatedSlot):
    """A reader (``ports.gatt.Peripheral``) and the slot in it.

    ``faults``: misbehaviour by the number of the reply since the process began, from 1; the reader's own
    ``replies`` counts them. ``drop_at_piece``: the number of the piece, of either direction, with which the link
    drops; ``pieces`` counts them. ``on_kept``: called when something changed that it keeps
    without power. ``battery``: what its battery characteristic says, in the family's own terms.
    """

    command_pipe: str
    reply_pipe: str
    status_pipe: str
    battery_pipe: str
    battery: bytes
    signal_dbm: int | None = None
    virtual = True

    def __init__(self, label: str, reader_id: str, faults: Mapping[int, Fault] | None = None) -> None:
        super().__init__(label, reader_id)
        self.faults = dict(faults or {})
        self.replies = 0
        self.pieces = 0
        self.drop_at_piece = 0
        self.connections = 0
        self.in_reach = True
        self.on_kept: Callable[[], None] = lambda: None
        self._link: SimulatedLink | None = None

    @contextlib.asynccontextmanager
    async def open_link(self) -> AsyncIterator[SimulatedLink]:
        """See ``ports.gatt.Peripheral``."""
        if not self.in_reach:
            raise ReaderUnavailable("the simulated reader is out of reach")
        self.connections += 1
        self.restart()
        link = self._link = SimulatedLink(self)
        self.begin()
        try:
            yield link
        finally:
            link.cut()

    def is_cut_off_by_piece(self) -> bool:
        """Count a piece; whether the link drops with it, so that it does not arrive."""
        self.pieces += 1
        is_cut_off = self.pieces == self.drop_at_piece
        if is_cut_off and self._link is not None:
            self._link.cut()
        return is_cut_off

    def disappear(self) -> None:
        """Out of reach, until ``in_reach`` is set again."""
        self.in_reach = False
        if self._link is not None:
            self._link.cut()

    def reply(self, raw: bytes) -> None:
        """Send a reply, or do what the schedule says instead."""
        self.replies += 1
        match self.faults.get(self.replies):
            case None:
                self.send(raw)
            case Fault.SPLIT:
                self.send(raw, size=1)
            case Fault.MERGED:
                self.send(raw, size=len(raw))
            case Fault.DAMAGED:
                self.send(raw[:-1] + bytes((raw[-1] ^ 0x01,)))
            case Fault.DUPLICATE:
                self.send(raw + raw)
            case Fault.STALE:
                self.send(self.stale(raw) + raw)
            case Fault.TIME_EXTENSION:
                self.send(self.time_extension(raw) + raw)
            case Fault.SLEEP:
                self.go_to_sleep()
            case Fault.DROP:
                self.send(raw[:1])
                self._cut_soon()
            case Fault.SILENCE:
                pass

    def send(self, raw: bytes, *, size: int = 20, pipe: str = "") -> None:
        """Notifications with these bytes."""
        if self._link is not None:
            for piece in cut(raw, size):
                self._link.deliver(pipe or self.reply_pipe, piece)

    def go_to_sleep(self) -> None:
        """End the connection; families that say so first do."""
        self._cut_soon()

    @abc.abstractmethod
    def begin(self) -> None:
        """A new connection: nothing of the one before counts."""

    @abc.abstractmethod
    def written(self, piece: bytes) -> None:
        """The host wrote a piece of a command."""

    def stale(self, raw: bytes) -> bytes:
        """The reply with an old number; nothing where there are no numbers."""
        return b""

    def time_extension(self, raw: bytes) -> bytes:
        """What asks for more time for this reply; nothing where a family cannot."""
        return b""

    def _cut_soon(self) -> None:
        if self._link is not None:
            asyncio.get_running_loop().call_soon(self._link.cut)
