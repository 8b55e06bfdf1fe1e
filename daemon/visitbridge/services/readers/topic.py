"""What phones see of Bluetooth: its state, a scan under way, a pairing under way, the readers remembered."""

from __future__ import annotations

import enum

import msgspec

from visitbridge.ports.bluetooth import RadioState, ReaderFamily


class PairingPhase(enum.StrEnum):
    """The middle four ask or tell a person something; see ``ports.bluetooth.QuestionKind``."""

    CONNECTING = "connecting"
    COMPARE = "compare"
    ENTER = "enter"
    SHOW = "show"
    AGREE = "agree"
    DONE = "done"
    FAILED = "failed"


class HeardReader(msgspec.Struct, frozen=True, kw_only=True):
    """``signal_dbm`` in steps of 5, so that not every breath of the radio is news."""

    address: str
    name: str
    family: ReaderFamily
    signal_dbm: int | None
    remembered: bool


class PairingView(msgspec.Struct, frozen=True, kw_only=True):
    """``number``: six digits to compare or to enter at the reader. ``error_code``: of a pairing that failed."""

    address: str
    name: str
    phase: PairingPhase
    number: str = ""
    error_code: str = ""


class RememberedView(msgspec.Struct, frozen=True, kw_only=True):
    """``own_key``: the reader has a key that only this box knows; None for a family without keys."""

    reader_id: str
    address: str
    name: str
    model: str
    family: ReaderFamily
    own_key: bool | None


class BluetoothTopic(msgspec.Struct, frozen=True, kw_only=True):
    state: RadioState
    scanning: bool
    heard: tuple[HeardReader, ...]
    pairing: PairingView | None
    remembered: tuple[RememberedView, ...]
