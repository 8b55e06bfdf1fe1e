"""Does a need hold right now? One small question to each part of the box that knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from visitbridge.domain.jobs import Need
from visitbridge.ports.clock import Clock, TimeTrust
from visitbridge.ports.records import StaffSessionRow


class CardSlot(Protocol):
    @property
    def reader_id(self) -> str: ...


class CardFinder(Protocol):
    def find_card(self, card_no: str) -> CardSlot | None:
        """The reader that holds this NHI card now."""
        ...


class StaffFinder(Protocol):
    def live_by_staff(self, staff_id: str) -> StaffSessionRow | None: ...


class Conditions:
    """Answers for the needs that jobs can have (domain.jobs.Need)."""

    def __init__(
        self,
        *,
        link_is_up: Callable[[], bool],
        sam_is_verified: Callable[[], bool],
        cards: CardFinder,
        staff: StaffFinder,
        clock: Clock,
    ) -> None:
        self._link_is_up = link_is_up
        self._sam_is_verified = sam_is_verified
        self._cards = cards
        self._staff = staff
        self._clock = clock

    def holds(self, need: Need) -> bool:
        """A need that this program does not know, of a newer one's job, does not hold."""
        match need.kind:
            case "link":
                return self._link_is_up()
            case "sam":
                return self._sam_is_verified()
            case "time":
                return self._clock.trust is not TimeTrust.UNTRUSTED
            case "card":
                return self._cards.find_card(need.value) is not None
            case "staff":
                return self._staff.live_by_staff(need.value) is not None
        return False
