"""One slot of one PC/SC reader, and the exclusive channel to the card in it.

Each slot has a lane of its own, so that a slow card holds up no other reader. A call that outlives its
deadline leaves its thread behind with orders to let the card go as soon as pcscd returns; the slot gets a
new lane.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import AsyncIterator, Callable
from typing import TypeVar, TypeVarTuple, Unpack

from visitbridge.adapters.pcsc import binding, failures
from visitbridge.adapters.pcsc.binding import Attribute, Outcome, ScardError
from visitbridge.errors import DeviceTimeout, LaneLate, ReaderUnavailable, Retry
from visitbridge.ports.cards import CardChannel, ReaderInfo
from visitbridge.ports.clock import Clock
from visitbridge.ports.reader_facts import ReaderFacts, readable
from visitbridge.protocols import t0
from visitbridge.protocols.conversation import Conversation, drive
from visitbridge.runtime.hold import Hold, Lease
from visitbridge.runtime.lane import Lane

log = logging.getLogger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# Powering a contact card up takes at most some hundred ms; libccid itself gives up after about 3 s.
_CONNECT_S = 5.0
_DISCONNECT_S = 2.0
# How long to wait for pcscd to notice that a card is gone after a failed command (it looks every 400 ms).
_NOTICE_MS = 600


class Wire:
    """The blocking side of a slot, for its lane only: one context and at most one connected card."""

    def __init__(self) -> None:
        self._context: int | None = None
        self._card: int | None = None
        self._protocol = 0
        self._speaks_t0 = False
        self._name = ""
        self._is_abandoned = threading.Event()

    def abandon(self) -> None:
        """From outside the lane: nothing goes to the card any more, whatever still runs in here."""
        self._is_abandoned.set()

    def connect(self, name: str) -> bytes:
        """Power the card in slot ``name`` and return its ATR. Raises ScardError."""
        self.disconnect()
        try:
            return self._connect(name)
        except ScardError as exc:
            if exc.outcome not in failures.SERVICE_GONE:
                raise
        # The context died with a former pcscd; ask the present one.
        self.release()
        return self._connect(name)

    def transmit(self, command: bytes) -> bytes:
        """One command APDU and its whole answer. Raises ScardError, CardError, DeviceError."""
        if self._card is None:
            raise ScardError("SCardTransmit", Outcome.REMOVED_CARD)
        return drive(t0.exchange(command, t0=self._speaks_t0), self._send)

    def converse(self, conversation: Conversation[T]) -> T:
        """A whole conversation. Raises what :meth:`transmit` raises, and what the conversation does."""
        return drive(conversation, self.transmit)

    def read_facts(self, name: str) -> ReaderFacts:
        """What the driver of slot ``name`` tells. Raises ScardError."""
        if self._context is None:
            self._context = binding.establish_context()
        reader = binding.connect_reader(self._context, name)
        try:
            told = {attribute: binding.read_attribute(reader, attribute) for attribute in Attribute}
        finally:
            binding.disconnect_reader(reader)
        version = told[Attribute.VENDOR_IFD_VERSION]
        return ReaderFacts(
            vendor=readable(told[Attribute.VENDOR_NAME]),
            model=readable(told[Attribute.VENDOR_IFD_TYPE]),
            serial=readable(told[Attribute.VENDOR_IFD_SERIAL_NO]),
            firmware=_version(int.from_bytes(version, sys.byteorder)) if version else "",
        )

    def is_card_gone(self) -> bool:
        """Whether the slot is empty or gone by now, or becomes so within the time pcscd needs to notice."""
        if self._context is None:
            return True
        try:
            (now,) = binding.wait_change(self._context, [(self._name, binding.UNAWARE)], 0)
            if not now.is_present or now.is_mute:
                return True
            later = binding.wait_change(self._context, [(self._name, now.believed)], _NOTICE_MS)
        except ScardError:
            return True
        return any(status.is_changed and not status.is_present for status in later)

    def disconnect(self) -> None:
        if self._card is not None:
            binding.disconnect(self._card)
            self._card = None

    def release(self) -> None:
        self.disconnect()
        if self._context is not None:
            binding.release_context(self._context)
            self._context = None

    def _send(self, piece: bytes) -> bytes:
        if self._is_abandoned.is_set() or self._card is None:
            raise ScardError("SCardTransmit", Outcome.CANCELLED)
        return binding.transmit(self._card, self._protocol, piece)

    def _connect(self, name: str) -> bytes:
        if self._context is None:
            self._context = binding.establish_context()
        self._card, self._protocol = binding.connect(self._context, name)
        self._speaks_t0 = binding.is_t0(self._protocol)
        self._name = name
        return binding.read_atr(self._card)


def _version(number: int) -> str:
    """Major and minor version and build, 8, 8 and 16 bits (PC/SC part 3, §3.1.2)."""
    return f"{number >> 24 & 0xFF}.{number >> 16 & 0xFF}.{number & 0xFFFF}"


class PcscReader:
    """One slot (``ports.cards.CardReader``). ``look_up`` and ``name_of`` ask the slot book by reader id."""

    def __init__(
        self,
        reader_id: str,
        clock: Clock,
        *,
        look_up: Callable[[str], ReaderInfo],
        name_of: Callable[[str], str | None],
    ) -> None:
        self._reader_id = reader_id
        self._look_up = look_up
        self._name_of = name_of
        self._hold = Hold(clock)
        self._wire = Wire()
        self._lane: Lane | None = None

    @property
    def info(self) -> ReaderInfo:
        return self._look_up(self._reader_id)

    @contextlib.asynccontextmanager
    async def open_session(self, owner: str, *, deadline_s: float) -> AsyncIterator[PcscChannel]:
        """See ``ports.cards.CardReader``; the card loses its power at the end."""
        name = self._name_of(self._reader_id)
        if name is None:
            raise ReaderUnavailable(self._reader_id)
        lease = self._hold.take(owner, deadline_s)
        try:
            channel = PcscChannel(self, lease, await self._connect(name, min(_CONNECT_S, deadline_s)))
            try:
                yield channel
            finally:
                if self._hold.is_with(lease):
                    await self._let_go()
        finally:
            lease.release()

    async def read_facts(self) -> ReaderFacts:
        """See ``ports.reader_facts.Described``."""
        name = self._name_of(self._reader_id)
        if name is None:
            raise ReaderUnavailable(self._reader_id)
        try:
            return await self._call(self._wire.read_facts, name, deadline_s=_CONNECT_S)
        except ScardError as exc:
            raise failures.while_connecting(exc) from exc
        except LaneLate as exc:
            raise ReaderUnavailable(f"{self._reader_id} does not answer") from exc

    async def exchange(self, command: bytes, deadline_s: float) -> bytes:
        """For this reader's channels: one command to the connected card."""
        return await self._act(self._wire.transmit, command, deadline_s=deadline_s)

    async def converse(self, conversation: Conversation[T], deadline_s: float) -> T:
        """For this reader's channels: a whole conversation with the connected card, in one turn of the lane."""
        return await self._act(self._wire.converse, conversation, deadline_s=deadline_s)

    async def _act(self, fn: Callable[[Unpack[Ts]], T], *args: *Ts, deadline_s: float) -> T:
        try:
            return await self._call(fn, *args, deadline_s=deadline_s)
        except ScardError as exc:
            gone = await self._call(self._wire.is_card_gone, deadline_s=_DISCONNECT_S)
            raise failures.while_transmitting(exc, card_is_gone=gone) from exc
        except LaneLate as exc:
            raise DeviceTimeout(f"no answer from {self._reader_id} within {deadline_s:g} s") from exc

    async def close(self) -> None:
        """Let the card and the connection to pcscd go, and end the lane."""
        if self._lane is None:
            return
        with contextlib.suppress(LaneLate):
            await self._call(self._wire.release, deadline_s=_DISCONNECT_S)
        if self._lane is not None:
            lane, self._lane = self._lane, None
            await lane.close(grace_s=_DISCONNECT_S)

    async def _connect(self, name: str, deadline_s: float) -> bytes:
        try:
            return await self._call(self._wire.connect, name, deadline_s=deadline_s)
        except ScardError as exc:
            raise failures.while_connecting(exc) from exc
        except LaneLate as exc:
            raise ReaderUnavailable(f"{self._reader_id} does not answer") from exc

    async def _let_go(self) -> None:
        try:
            await self._call(self._wire.disconnect, deadline_s=_DISCONNECT_S)
        except LaneLate:
            log.warning("%s: the card could not be powered down in time", self._reader_id)

    async def _call(self, fn: Callable[[Unpack[Ts]], T], *args: *Ts, deadline_s: float) -> T:
        if self._lane is None:
            self._lane = Lane(self._reader_id)
        try:
            return await self._lane.call(fn, *args, deadline_s=deadline_s)
        except LaneLate:
            await self._leave_lane()
            raise

    async def _leave_lane(self) -> None:
        """Give the late lane the order to let the card go when it can, and never look at it again."""
        if self._lane is None:
            return
        lane, self._lane = self._lane, None
        wire, self._wire = self._wire, Wire()
        wire.abandon()
        with contextlib.suppress(LaneLate):
            await lane.call(wire.release, deadline_s=0)
        await lane.close(grace_s=0)


class PcscChannel(CardChannel):
    """An open session (``ports.cards.CardChannel``)."""

    def __init__(self, reader: PcscReader, lease: Lease, atr: bytes) -> None:
        self._reader = reader
        self._lease = lease
        self._atr = atr

    @property
    def atr(self) -> bytes:
        return self._atr

    async def transmit(self, apdu: bytes, *, deadline_s: float = 5.0) -> bytes:
        """See ``ports.cards.CardChannel``; a session whose time is over sends nothing any more."""
        return await self._reader.exchange(apdu, self._within(deadline_s))

    async def converse(self, conversation: Conversation[T], *, deadline_s: float = 5.0) -> T:
        """See ``ports.cards.CardChannel``; all of it runs in the slot's lane."""
        return await self._reader.converse(conversation, self._within(deadline_s))

    def _within(self, deadline_s: float) -> float:
        remaining_s = self._lease.remaining_s
        if remaining_s <= 0:
            raise DeviceTimeout("the card session's time is over", retry=Retry.LATER)
        return min(deadline_s, remaining_s)
