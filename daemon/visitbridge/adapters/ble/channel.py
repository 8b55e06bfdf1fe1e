"""An exclusive session with the card in a Bluetooth reader."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from visitbridge.adapters.ble.families import Talk
from visitbridge.adapters.ble.line import Line
from visitbridge.errors import CardAbsent, CardError, CardRemoved, DeviceError, DeviceTimeout, Retry
from visitbridge.ports.card_channel import CardChannel, CardProtocol, Reset
from visitbridge.protocols import t0
from visitbridge.protocols.conversation import drive_awaiting
from visitbridge.protocols.reader_talk import Dialogue
from visitbridge.runtime.hold import Lease

R = TypeVar("R")
T = TypeVar("T")


class BleChannel(CardChannel, Generic[R]):
    """An open session (``ports.card_channel.CardChannel``). ``is_same_card``: whether it never left the slot."""

    def __init__(
        self, line: Line[R], talk: Talk[R], lease: Lease, atr: bytes, is_same_card: Callable[[], bool]
    ) -> None:
        self._line = line
        self._talk = talk
        self._lease = lease
        self._atr = atr
        self._is_same_card = is_same_card
        self._is_powered = True

    @property
    def atr(self) -> bytes:
        return self._atr

    @property
    def protocol(self) -> CardProtocol:
        return CardProtocol.T0 if t0.speaks_t0(self._atr) else CardProtocol.T1

    @property
    def is_powered(self) -> bool:
        return self._is_powered

    async def transmit(self, apdu: bytes, *, deadline_s: float = 5.0) -> bytes:
        """See ``CardChannel``; a session whose time is over sends nothing any more."""
        within_s = self._within(deadline_s)
        if not self._is_powered:
            raise CardError("the card has no power")
        exchange = t0.exchange(apdu, t0=t0.speaks_t0(self._atr))
        try:
            async with asyncio.timeout(within_s):
                return await drive_awaiting(exchange, self._send)
        except TimeoutError as exc:
            raise DeviceTimeout(f"no answer within {deadline_s:g} s") from exc

    async def power_off(self, *, deadline_s: float = 5.0) -> None:
        """See ``CardChannel``."""
        within_s = self._within(deadline_s)
        self._is_powered = False
        await self._hold(self._talk.power_off(), within_s)

    async def reset(self, how: Reset = Reset.COLD, *, deadline_s: float = 10.0) -> bytes:
        """See ``CardChannel``."""
        within_s = self._within(deadline_s)
        self._is_powered = False
        try:
            atr = await self._hold(self._talk.reset() if how is Reset.WARM else self._power_anew(), within_s)
        except CardAbsent as exc:
            raise CardRemoved("the card is gone") from exc
        self._check_card()
        self._atr, self._is_powered = atr, True
        return atr

    def _power_anew(self) -> Dialogue[R, bytes]:
        yield from self._talk.power_off()
        return (yield from self._talk.power_on())

    async def _send(self, piece: bytes) -> bytes:
        return await self._hold(self._talk.transmit(piece), self._lease.remaining_s)

    async def _hold(self, dialogue: Dialogue[R, T], within_s: float) -> T:
        self._check_card()
        try:
            return await self._line.hold(dialogue, deadline_s=within_s)
        except DeviceError as exc:
            if exc.retry is Retry.UNKNOWN:
                raise
            # Whatever the reader says: an earlier piece of this command may have acted.
            raise DeviceError(exc.detail, retry=Retry.UNKNOWN) from exc

    def _check_card(self) -> None:
        if not self._is_same_card():
            raise CardRemoved("the card was taken out since")

    def _within(self, deadline_s: float) -> float:
        remaining_s = self._lease.remaining_s
        if remaining_s <= 0:
            raise DeviceTimeout("the card session's time is over", retry=Retry.LATER)
        return min(deadline_s, remaining_s)
