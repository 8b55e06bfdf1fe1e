"""The rows of a box's audit trail on their way to where the law keeps them (``POST /audit``, Y08).

Ours, like the rest of the stand-in's protocol. The chain of a row covers all rows before it, so the receiver needs nothing
but the last value that it kept to see whether what comes now goes on from there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Annotated, Final, Protocol

import msgspec
from msgspec import Meta

FIRST_CHAIN: Final = "0" * 64
MOST_ROWS: Final = 500
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


class TrailEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to whose record, from which phone: as the box wrote it."""

    at: dt.datetime
    who: str
    act: str
    record: str = ""
    phone_id: str = ""
    why: str = ""


class TrailRow(msgspec.Struct, frozen=True, kw_only=True):
    """``chain``: see :func:`chain_of`."""

    number: int
    entry: TrailEntry
    chain: str


class TrailUpload(msgspec.Struct, frozen=True, kw_only=True):
    """Rows from number ``after`` + 1 on, without a gap. ``head``: the box's signed head at that moment."""

    after: Annotated[int, Meta(ge=0, le=2**53)]
    rows: Annotated[tuple[TrailRow, ...], Meta(max_length=MOST_ROWS)]
    head: str


class TrailAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``kept``: number of the last row that is held now; the box goes on from there, be it more or less than it sent."""

    kept: int


class Row(Protocol):
    """A row in either program's own type."""

    @property
    def number(self) -> int: ...
    @property
    def entry(self) -> msgspec.Struct: ...
    @property
    def chain(self) -> str: ...


def chain_of(previous: str, entry: msgspec.Struct) -> str:
    """SHA-256 (hex) over the previous row's chain value (ASCII hex) and the entry's canonical JSON.

    Canonical: members sorted by name, no spaces, UTF-8, ``at`` in UTC with the microseconds it has.
    """
    return hashlib.sha256(previous.encode("ascii") + _ENCODER.encode(entry)).hexdigest()


def first_break(rows: Sequence[Row], *, previous: str = FIRST_CHAIN, after: int = 0) -> int | None:
    """Number at which a run of rows stops following from (``after``, ``previous``); None when all do."""
    for row in rows:
        after += 1
        previous = chain_of(previous, row.entry)
        if row.number != after or row.chain != previous:
            return after
    return None
