"""An exclusive session with the card in a Bluetooth reader."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from visitbridge.adapters.ble.families import Talk
from visitbridge.adapters.ble.line import Line
from visitbridge.errors import CardRemoved, DeviceError, DeviceTimeout, Retry
from visitbridge.ports.cards import CardChannel
from visitbridge.protocols import t0
from visitbridge.protocols.conversation import drive_awaiting
from visitbridge.runtime.hold import Lease

R = TypeVar("R")


class BleChannel(CardChannel, Generic[R]):
    """An open session (``ports.cards.CardChannel``). ``is_same_card``: whether no other was put in since."""

    def __init__(
        self, line: Line[R], talk: Talk[R], lease: Lease, atr: bytes, is_same_card: Callable[[], bool]
    ) -> None:
        self._line = line
        self._talk = talk
        self._lease = lease
        self._atr = atr
        self._is_same_card = is_same_card

    @property
    def atr(self) -> bytes:
        return self._atr

    async def transmit(self, apdu: bytes, *, deadline_s: float = 5.0) -> bytes:
        """See ``ports.cards.CardChannel``; a session whose time is over sends nothing any more."""
        remaining_s = self._lease.remaining_s
        if remaining_s <= 0:
            raise DeviceTimeout("the card session's time is over", retry=Retry.LATER)
        exchange = t0.exchange(apdu, t0=t0.speaks_t0(self._atr))
        try:
            async with asyncio.timeout(min(deadline_s, remaining_s)):
                return await drive_awaiting(exchange, self._send)
        except TimeoutError as exc:
            raise DeviceTimeout(f"no answer within {deadline_s:g} s") from exc

    async def _send(self, piece: bytes) -> bytes:
        if not self._is_same_card():
            raise CardRemoved("another card was put in since")
        try:
            return await self._line.hold(self._talk.transmit(piece), deadline_s=self._lease.remaining_s)
        except DeviceError as exc:
            if exc.retry is Retry.UNKNOWN:
                raise
            # Whatever the reader says: an earlier piece of this command may have acted.
            raise DeviceError(exc.detail, retry=Retry.UNKNOWN) from exc
