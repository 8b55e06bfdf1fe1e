"""One slot of one PC/SC reader, and the exclusive channel to the card in it.

Each slot has a lane of its own, so that a slow card holds up no other reader. A call that outlives its
deadline leaves its thread behind with orders to let the card go as soon as pcscd returns; the slot gets a
new lane.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import TypeVar, TypeVarTuple, Unpack

from visitbridge.adapters.pcsc import failures
from visitbridge.adapters.pcsc.binding import ScardError
from visitbridge.adapters.pcsc.wire import Powered, Wire
from visitbridge.errors import CardError, DeviceTimeout, LaneLate, ReaderUnavailable, Retry
from visitbridge.ports.card_channel import CardChannel, CardProtocol, Reset
from visitbridge.ports.cards import ReaderInfo
from visitbridge.ports.clock import Clock
from visitbridge.ports.reader_facts import ReaderFacts
from visitbridge.protocols.conversation import Conversation
from visitbridge.runtime.hold import Hold, Lease
from visitbridge.runtime.lane import Lane

log = logging.getLogger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# Powering a contact card up takes at most some hundred ms; libccid itself gives up after about 3 s.
_CONNECT_S = 5.0
_DISCONNECT_S = 2.0


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

    async def power_off(self, deadline_s: float) -> None:
        """For this reader's channels: take the card's power."""
        await self._act(self._wire.disconnect, deadline_s=deadline_s)

    async def reset(self, how: Reset, deadline_s: float) -> Powered:
        """For this reader's channels: reset the card that the session began with."""
        try:
            return await self._call(self._wire.reset, how, deadline_s=deadline_s)
        except ScardError as exc:
            is_empty = await self._call(self._wire.is_slot_empty, deadline_s=_DISCONNECT_S)
            raise failures.while_resetting(exc, slot_is_empty=is_empty) from exc
        except LaneLate as exc:
            raise self._silence(deadline_s) from exc

    async def _act(self, fn: Callable[[Unpack[Ts]], T], *args: *Ts, deadline_s: float) -> T:
        try:
            return await self._call(fn, *args, deadline_s=deadline_s)
        except ScardError as exc:
            gone = await self._call(self._wire.is_card_gone, deadline_s=_DISCONNECT_S)
            raise failures.while_transmitting(exc, card_is_gone=gone) from exc
        except LaneLate as exc:
            raise self._silence(deadline_s) from exc

    def _silence(self, deadline_s: float) -> DeviceTimeout:
        return DeviceTimeout(f"no answer from {self._reader_id} within {deadline_s:g} s")

    async def close(self) -> None:
        """Let the card and the connection to pcscd go, and end the lane."""
        if self._lane is None:
            return
        with contextlib.suppress(LaneLate):
            await self._call(self._wire.release, deadline_s=_DISCONNECT_S)
        if self._lane is not None:
            lane, self._lane = self._lane, None
            await lane.close(grace_s=_DISCONNECT_S)

    async def _connect(self, name: str, deadline_s: float) -> Powered:
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
    """An open session (``ports.card_channel.CardChannel``)."""

    def __init__(self, reader: PcscReader, lease: Lease, powered: Powered) -> None:
        self._reader = reader
        self._lease = lease
        self._powered = powered
        self._is_powered = True

    @property
    def atr(self) -> bytes:
        return self._powered.atr

    @property
    def protocol(self) -> CardProtocol:
        return self._powered.protocol

    @property
    def is_powered(self) -> bool:
        return self._is_powered

    async def transmit(self, apdu: bytes, *, deadline_s: float = 5.0) -> bytes:
        """See ``CardChannel``; a session whose time is over sends nothing any more."""
        return await self._reader.exchange(apdu, self._to_card_within(deadline_s))

    async def converse(self, conversation: Conversation[T], *, deadline_s: float = 5.0) -> T:
        """See ``CardChannel``; all of it runs in the slot's lane."""
        return await self._reader.converse(conversation, self._to_card_within(deadline_s))

    async def power_off(self, *, deadline_s: float = 5.0) -> None:
        """See ``CardChannel``."""
        within_s = self._within(deadline_s)
        self._is_powered = False
        await self._reader.power_off(within_s)

    async def reset(self, how: Reset = Reset.COLD, *, deadline_s: float = 10.0) -> bytes:
        """See ``CardChannel``."""
        within_s = self._within(deadline_s)
        self._is_powered = False
        self._powered = await self._reader.reset(how, within_s)
        self._is_powered = True
        return self._powered.atr

    def _to_card_within(self, deadline_s: float) -> float:
        within_s = self._within(deadline_s)
        if not self._is_powered:
            raise CardError("the card has no power")
        return within_s

    def _within(self, deadline_s: float) -> float:
        remaining_s = self._lease.remaining_s
        if remaining_s <= 0:
            raise DeviceTimeout("the card session's time is over", retry=Retry.LATER)
        return min(deadline_s, remaining_s)
