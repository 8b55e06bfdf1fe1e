"""The box's Bluetooth adapter, as far as readers need it: finding, pairing and remembering them."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

VIRTUAL_ADAPTER_NAME = "VisitBridge virtual adapter"
"""What the lab's adapter calls itself: readers behind it are simulated."""


class RadioState(enum.StrEnum):
    """``OFF`` can be switched on; ``BLOCKED`` (rfkill) cannot from here; ``NO_SERVICE``: bluetoothd does not run."""

    ON = "on"
    OFF = "off"
    BLOCKED = "blocked"
    MISSING = "missing"
    NO_SERVICE = "no_service"


class ReaderFamily(enum.StrEnum):
    """Which driver a reader needs."""

    ACS = "acs"
    FEITIAN = "feitian"


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A reader that a scan found. ``address``: as in ``AA:BB:CC:DD:EE:FF``."""

    address: str
    name: str
    family: ReaderFamily
    signal_dbm: int | None


class RememberedReader(msgspec.Struct, frozen=True, kw_only=True):
    """A reader that was paired. ``name``: given by people. ``model``: what it calls itself.

    ``key``: its master key as far as is known, 16 bytes, None for the factory's or a family without; ``next_key``:
    one that was about to be given to it, so that it has either. ``is_forgotten``: not used any more; its key stays
    here because the reader still has it and nobody else knows it.
    """

    reader_id: str
    address: str
    family: ReaderFamily
    model: str
    name: str
    remembered_at: dt.datetime
    key: bytes | None = None
    next_key: bytes | None = None
    is_forgotten: bool = False


class RememberedReaders(Protocol):
    """Repository of a store's transaction."""

    def all(self) -> Sequence[RememberedReader]: ...
    def get(self, reader_id: str) -> RememberedReader | None: ...
    def put(self, reader: RememberedReader) -> None:
        """Insert or replace."""
        ...

    def remove(self, reader_id: str) -> None: ...


class QuestionKind(enum.StrEnum):
    """``COMPARE``: whether the reader shows this number. ``ENTER``: the number it shows or has printed on it.

    ``SHOW``: this number has to be entered at the reader; nothing is to be answered. ``AGREE``: yes or no.
    """

    COMPARE = "compare"
    ENTER = "enter"
    SHOW = "show"
    AGREE = "agree"


class PairingQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What BlueZ asks while pairing. ``number``: six digits, leading zeros included; empty for none."""

    kind: QuestionKind
    number: str = ""


Answerer = Callable[[PairingQuestion], Awaitable[int | None]]
"""Returns the number for ``ENTER`` and None to agree; raises DeviceError to refuse. Not awaited for ``SHOW``."""


class KeyVault(Protocol):
    """Where the readers' own master keys are kept."""

    async def prepare(self, reader_id: str, key: bytes | None, next_key: bytes) -> None:
        """Remember the key that the reader has (None: the factory's) and the one that is about to be given to it, and no
        other. Durable on return.
        """
        ...

    async def settle(self, reader_id: str, key: bytes | None) -> None:
        """Remember the key that the reader proved to have, and no other."""
        ...


class Bluetooth(Protocol):
    """All errors are DeviceError: BluetoothUnavailable, ReaderUnavailable, PairingFailed."""

    @property
    def state(self) -> RadioState: ...

    @property
    def is_scanning(self) -> bool: ...

    def heard(self) -> tuple[Heard, ...]:
        """Readers of known families that BlueZ knows of now, strongest first."""
        ...

    def when_changed(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every change of the above."""
        ...

    async def power_on(self) -> None: ...

    async def start_scan(self) -> None: ...

    async def stop_scan(self) -> None: ...

    async def pair(self, address: str, answer: Answerer) -> None:
        """Pair with a reader that was heard; cancelling it cancels the pairing."""
        ...

    async def forget(self, address: str) -> None:
        """Remove the bond. A reader that BlueZ does not know is no error."""
        ...

    def admit(self, reader: RememberedReader, vault: KeyVault) -> None:
        """Keep connected with this reader from now on, or know it by another name."""
        ...

    def dismiss(self, reader_id: str) -> None:
        """End that."""
        ...

    async def rotate_key(self, reader_id: str) -> None:
        """Give the reader a new master key. Raises DeviceError where a family has none."""
        ...

    async def give_back(self, reader_id: str) -> None:
        """Leave the reader as it came from the factory, so that another box can use it."""
        ...
