"""QEMU's USB readers with cards that live on this side of the wire: they keep their memory when the guest loses its power."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from tests.contract.demo_card import ATR_T0
from tests.vm.readers import MODEL, MODEL_ID, card_port
from tests.vm.vscard import PassedSlot
from visitbridge.sim.contacts import Contacts


class HostSlot:
    """One reader for as long as the test lasts; the machine that it is plugged into may go off and on.

    ``card``: what was put in, for the lab's table of cards.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self.label = MODEL if number == 1 else f"{MODEL} #{number}"
        self.reader_id = f"pcsc-{MODEL_ID}-{number}-0"
        self.card: Contacts | None = None
        self._port = card_port(folder, number)
        self._slot: PassedSlot | None = None
        self._holds = False

    @contextlib.asynccontextmanager
    async def powered(self) -> AsyncIterator[None]:
        """While the machine is on: its reader and, if one was left in there, its card."""
        slot = self._slot = PassedSlot(self._port, self.label, self.reader_id)
        async with slot.open():
            if self.card is not None:
                await slot.insert(self.card)
            try:
                yield
            finally:
                self._slot = None

    async def insert(self, card: Contacts) -> None:
        self.card = _OnT0(card)
        if self._slot is not None:
            await self._slot.insert(self.card)

    async def pull(self) -> None:
        self.card = None
        if self._slot is not None:
            await self._slot.pull()

    def hold_answers(self) -> None:
        """Let commands reach the card and act, but keep the answers back."""
        assert self._slot is not None
        self._slot.hold_answers()

    def give_answers(self) -> None:
        assert self._slot is not None
        self._slot.give_answers()


class _OnT0:
    """A card that answers the reset as one of T=0, which is all that QEMU's reader has."""

    atr = ATR_T0

    def __init__(self, card: Contacts) -> None:
        self._card = card

    def reset(self) -> None:
        self._card.reset()

    def execute(self, apdu: bytes) -> bytes:
        return self._card.execute(apdu)
