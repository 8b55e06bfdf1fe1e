"""The machine's network interfaces, as far as uplinks and the data meter need them."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """Counters of one interface; they start from zero when it appears anew."""

    received_bytes: int
    sent_bytes: int


class Interfaces(Protocol):
    def has_address(self, name: str) -> bool:
        """Whether the interface exists, is up and has an IPv4 address."""
        ...

    def traffic(self, name: str) -> Traffic | None:
        """None while the interface is not there."""
        ...
