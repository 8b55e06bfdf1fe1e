"""A transport of readers that is away as a whole, so that nobody can tell which readers there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from visitbridge.errors import DeviceError


@runtime_checkable
class Reporting(Protocol):
    """A ``ports.cards.ReaderSource`` that gets over its transport's absence by itself, and says so meanwhile."""

    def when_trouble(self, listener: Callable[[DeviceError | None], None]) -> None:
        """Call ``listener`` with what keeps all readers away, and with None once they can be found again."""
        ...
