"""An open session with one card, the same over every transport."""

from __future__ import annotations

import asyncio
import enum
import functools
from typing import Protocol, TypeVar

from visitbridge.errors import DeviceTimeout
from visitbridge.protocols.conversation import Conversation, drive_awaiting

T = TypeVar("T")


class CardProtocol(enum.StrEnum):
    """What card and reader speak with each other (ISO/IEC 7816-3 §11 and §12). Nothing above has to heed it."""

    T0 = "T=0"
    T1 = "T=1"


class Reset(enum.StrEnum):
    """``COLD``: the power is taken and given again. ``WARM``: it stays on (ISO/IEC 7816-3 §6.2)."""

    COLD = "cold"
    WARM = "warm"


class CardChannel(Protocol):
    """An exclusive connection to one card, powered from the beginning.

    Channels inherit from this for :meth:`converse`.
    """

    @property
    def atr(self) -> bytes:
        """The card's answer to the last reset."""
        ...

    @property
    def protocol(self) -> CardProtocol: ...

    @property
    def is_powered(self) -> bool:
        """False after :meth:`power_off`, and after a :meth:`reset` that failed."""
        ...

    async def transmit(self, apdu: bytes, *, deadline_s: float = 5.0) -> bytes:
        """Send one command APDU, return the response APDU with its status word.

        T=0 61xx/6Cxx and chaining are handled below this seam. Raises CardRemoved, ReaderRemoved,
        DeviceTimeout (all ``retry=unknown``), CardMute; CardError, with nothing sent, for a card without power.
        """
        ...

    async def converse(self, conversation: Conversation[T], *, deadline_s: float = 5.0) -> T:
        """Run a whole conversation within ``deadline_s`` and return its result.

        The conversation may be run in another thread, so it touches nothing but its own values. Raises what
        :meth:`transmit` raises, and what the conversation does.
        """
        try:
            async with asyncio.timeout(deadline_s):
                return await drive_awaiting(
                    conversation, functools.partial(self.transmit, deadline_s=deadline_s)
                )
        except TimeoutError as exc:
            raise DeviceTimeout(f"no end within {deadline_s:g} s") from exc

    async def power_off(self, *, deadline_s: float = 5.0) -> None:
        """Take the card's power; the session goes on, and :meth:`reset` gives it back.

        The card forgets what :meth:`reset` says. Raises CardRemoved, ReaderRemoved, DeviceTimeout.
        """
        ...

    async def reset(self, how: Reset = Reset.COLD, *, deadline_s: float = 10.0) -> bytes:
        """Reset the card, powering it if it has no power, and return its ATR.

        The card forgets every verified PIN, the application selected and the secure channel; its files stay. A
        transport without warm resets does cold ones. Raises CardRemoved, also when another card was put in since,
        CardMute, ReaderBusy when another program took the card while it had no power, ReaderRemoved, DeviceTimeout.
        """
        ...
