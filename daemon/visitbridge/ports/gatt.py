"""A Bluetooth LE peripheral as bytes: what a reader's driver needs of BlueZ, or of a simulated reader."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from visitbridge.errors import DeviceError


class GattLink(Protocol):
    """A connection with its services resolved. Pipes are characteristics, named by UUID in lower case.

    ``on_value`` (pipe, piece) and ``on_lost`` are called on the event loop, the latter at most once.
    """

    def start(
        self, on_value: Callable[[str, bytes], None], on_lost: Callable[[DeviceError], None]
    ) -> None: ...

    def flags(self, pipe: str) -> frozenset[str]:
        """What the pipe allows, as BlueZ names it (``write``, ``notify``); empty for one that is not there."""
        ...

    async def subscribe(self, pipe: str) -> None:
        """Have the pipe's notifications come. Raises ReaderRemoved, DeviceError."""
        ...

    async def write(self, pipe: str, piece: bytes) -> None:
        """Write one piece, at most 20 bytes. Raises ReaderRemoved, DeviceError."""
        ...

    async def read(self, pipe: str) -> bytes:
        """The value of a characteristic now. Raises ReaderRemoved, DeviceError."""
        ...


class Peripheral(Protocol):
    """A reader that may be in reach or not. ``reader_id`` comes from its address."""

    @property
    def reader_id(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def virtual(self) -> bool: ...

    @property
    def signal_dbm(self) -> int | None:
        """How well it was heard when it was last heard; None while it never was."""
        ...

    def open_link(self) -> AbstractAsyncContextManager[GattLink]:
        """Connect; the block's end disconnects. Raises ReaderUnavailable, PairingLost."""
        ...
