"""Readers and the cards in them, the same for USB, Bluetooth and simulated ones."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from visitbridge.ports.card_channel import CardChannel


class ReaderState(enum.StrEnum):
    """What a slot says. ``MUTE``: a card that gives no ATR. ``UNAVAILABLE``: reader known, not answering."""

    EMPTY = "empty"
    CARD = "card"
    MUTE = "mute"
    UNAVAILABLE = "unavailable"


class ReaderCapability(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader has beyond cards; nothing of a card's protocol, which is the same above every transport.

    ``battery``, ``signal``: it tells them. ``own_key``: a master key that can be changed. ``sleeps``: it hangs up by itself to
    spare its battery, and comes back when somebody touches it.
    """

    battery: bool = False
    signal: bool = False
    own_key: bool = False
    sleeps: bool = False


class ReaderInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One slot of one reader.

    ``reader_id`` is stable across re-plugs (never the PC/SC name). ``insertion`` counts insertions, so a
    quick swap is seen as another card. ``battery_percent``, ``battery_low`` and ``signal_dbm`` where the
    reader and its transport tell them. ``trouble``: error code of what keeps a reader away until a person does something.
    """

    reader_id: str
    name: str
    transport: str
    state: ReaderState
    insertion: int = 0
    atr: str = ""
    virtual: bool = False
    capability: ReaderCapability = ReaderCapability()
    battery_percent: int | None = None
    battery_low: bool | None = None
    signal_dbm: int | None = None
    trouble: str = ""


class CardReader(Protocol):
    """One slot. Holds at most one session at a time."""

    @property
    def info(self) -> ReaderInfo: ...

    def open_session(self, owner: str, *, deadline_s: float) -> AbstractAsyncContextManager[CardChannel]:
        """Power the card and hold the reader until the block ends or ``deadline_s`` is over.

        Raises ReaderBusy (owner and remaining seconds in ``params``), CardAbsent, CardMute, CardBeingRead for one that the
        reader is still looking at, ReaderUnavailable.
        """
        ...


class ReaderSource(Protocol):
    """A transport: finds readers and tells of every change in one of its slots."""

    def readers(self) -> Sequence[CardReader]: ...

    def watch(self) -> AsyncIterator[ReaderInfo]:
        """Every slot once, then each change; a vanished reader comes as UNAVAILABLE.

        Raises DeviceError when the transport itself fails; the caller starts over.
        """
        ...
