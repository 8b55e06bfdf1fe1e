"""One slot of a simulated reader: the card in it, its power, and answers that can be kept back."""

from __future__ import annotations

import abc
from collections.abc import Callable

from visitbridge.errors import CardRemoved
from visitbridge.sim.contacts import Contacts, contacts_of


class SimulatedSlot(abc.ABC):
    """``label`` and ``reader_id`` are what the box calls this slot."""

    def __init__(self, label: str, reader_id: str) -> None:
        self.label = label
        self.reader_id = reader_id
        self.card: Contacts | None = None
        self.powered = False
        self._may_answer = True
        self._held: Callable[[], None] | None = None

    async def insert(self, card: Contacts) -> None:
        """Put a card in, taking out the one that was there."""
        await self.pull()
        self.card, self.powered = contacts_of(card), False
        self.note(card_in=True)

    async def pull(self) -> None:
        """Take the card out, in the middle of a command if there is one. An empty slot is no error."""
        if self.card is None:
            return
        self.card, self.powered = None, False
        if self._held is not None:
            self._held = None
            self.refuse()
        self.note(card_in=False)

    def hold_answers(self) -> None:
        """Let commands reach the card and act, but keep the answers back."""
        self._may_answer = False

    def give_answers(self) -> None:
        """End :meth:`hold_answers`; what was kept back goes out."""
        self._may_answer = True
        held, self._held = self._held, None
        if held is not None:
            held()

    def restart(self) -> None:
        """The reader begins anew: the card has no power, and no command is being worked on."""
        self.powered, self._held = False, None

    def power_on(self) -> bytes:
        """Reset the card and return its ATR, empty for a mute card or none."""
        if self.card is None or not self.card.atr:
            return b""
        self.card.reset()
        self.powered = True
        return self.card.atr

    def power_off(self) -> None:
        if self.card is not None and self.powered:
            self.card.reset()
        self.powered = False

    def execute(self, apdu: bytes, send: Callable[[bytes], None]) -> None:
        """Let the card act on a command; ``send`` its answer once that is allowed. Refused without a powered card."""
        if self.card is None or not self.powered:
            self.refuse()
            return
        try:
            answer = self.card.execute(apdu)
        except CardRemoved:
            self.card, self.powered = None, False
            self.refuse()
            self.note(card_in=False)
            return
        if self._may_answer:
            send(answer)
        else:
            self._held = lambda: send(answer)

    @abc.abstractmethod
    def refuse(self) -> None:
        """Answer the command at hand with a failure."""

    @abc.abstractmethod
    def note(self, *, card_in: bool) -> None:
        """Tell, unasked, of a card."""
