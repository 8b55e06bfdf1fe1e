"""What a reader says of itself, for technicians."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import msgspec


class ReaderFacts(msgspec.Struct, frozen=True, kw_only=True):
    """As the reader words it; empty for what it does not tell."""

    vendor: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""


@runtime_checkable
class Described(Protocol):
    """A ``ports.cards.CardReader`` whose transport can ask it."""

    async def read_facts(self) -> ReaderFacts:
        """Raises DeviceError: ReaderUnavailable for one that is away, ReaderBusy during somebody's session."""
        ...


def readable(raw: bytes) -> str:
    """Bytes of a reader as text where they are, else in hexadecimal."""
    text = raw.rstrip(b"\x00").decode("ascii", "replace")
    return text if text.isprintable() and "\ufffd" not in text else raw.hex().upper()
