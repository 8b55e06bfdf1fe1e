"""The training rooms as the box sees them: opened, entered and closed; what happens inside stays inside."""

from __future__ import annotations

import enum
from typing import Protocol

import msgspec

from visitbridge.domain.people import BoxRole


class RoomsPhase(enum.StrEnum):
    CLOSED = "closed"
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"


class RoomsAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where the rooms' own gateway serves. ``ca_pem``: whom to trust there."""

    url: str
    ca_pem: str


class TrainingRooms(Protocol):
    @property
    def phase(self) -> RoomsPhase: ...

    @property
    def has_failed(self) -> bool:
        """The rooms ended, or did not open, though nobody wanted that; until they are opened again."""
        ...

    @property
    def address(self) -> RoomsAddress | None:
        """None unless they are open."""
        ...

    def open(self) -> None:
        """Begin to open them; nothing happens when they are open."""
        ...

    def close(self, *, keep: bool) -> None:
        """Begin to close them. ``keep``: what was practised is there again the next time."""
        ...

    def note_use(self) -> None:
        """Somebody is in there."""
        ...

    async def admit(self, phone_id: str, name: str, role: BoxRole) -> str:
        """The session of a phone that comes in. Raises TrainingClosed, DeviceError."""
        ...
