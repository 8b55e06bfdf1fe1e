"""How a box is, for updaters, technicians and the institution's list of boxes (beyond #14, rows B08, B09).

Every field is a number, a moment, or a word of a closed vocabulary. There is no field for a person, a card, a text that
somebody typed, or a reader's name, which may hold a serial number.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

Word = Annotated[str, Meta(max_length=80)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Minutes = Annotated[int, Meta(ge=0, le=60)]


class DataSetVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A code table that is in use on the box."""

    name: Word
    version: Word


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """``program``: gateway and pages together. ``schema``: last migration of the store. ``system``: the machine's own
    name for itself (os-release(5)). ``image``: of a box made from an image, else empty (S03).
    """

    program: Word
    schema: Word
    python: Word
    system: Word
    image: Word = ""
    datasets: Annotated[tuple[DataSetVersion, ...], Meta(max_length=64)] = ()


class QueueHealth(msgspec.Struct, frozen=True, kw_only=True):
    """``drained``: nothing waits to be written or sent, so the box may be updated. ``needs_person``: items that go on only
    when somebody looks at them. ``oldest_at``: since when the oldest item waits. ``last_success_at``: of an upload.
    """

    drained: bool
    unsent: Count
    needs_person: Count
    oldest_at: dt.datetime | None = None
    last_success_at: dt.datetime | None = None


class Expiry(msgspec.Struct, frozen=True, kw_only=True):
    """None: the box has none, or does not know. ``sam_until``: last day of the cloud security module (B12).
    ``portal_certificate_at``: of the box at the data centre. ``page_certificate_at``: what phones are shown.
    """

    sam_until: dt.date | None = None
    portal_certificate_at: dt.datetime | None = None
    page_certificate_at: dt.datetime | None = None


class DataUsed(msgspec.Struct, frozen=True, kw_only=True):
    """Through the modem in the carrier's month that began in ``month``, as 2026-11."""

    month: Word
    received_bytes: Count
    sent_bytes: Count


class PowerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """None: this box cannot tell."""

    under_voltage: bool | None = None
    battery_percent: Percent | None = None


class LinkHour(msgspec.Struct, frozen=True, kw_only=True):
    """How the way to the data centre was in the hour from ``at`` on: minutes of each state, in steps of five."""

    at: dt.datetime
    good_min: Minutes
    unstable_min: Minutes
    down_min: Minutes


class LinkHealth(msgspec.Struct, frozen=True, kw_only=True):
    """``state``: good, unstable or down. ``hop``: the first broken one. ``last_contact_at``: last answer of the data centre.
    ``hours``: the last day, as far as the box was on.
    """

    state: Word
    hop: Word
    since: dt.datetime
    last_contact_at: dt.datetime | None = None
    hours: Annotated[tuple[LinkHour, ...], Meta(max_length=26)] = ()


class DiskHealth(msgspec.Struct, frozen=True, kw_only=True):
    """``writable``: a few bytes were written and are on disk."""

    free_bytes: Count
    total_bytes: Count
    writable: bool


class ReaderHealth(msgspec.Struct, frozen=True, kw_only=True):
    """``battery_percent`` and ``battery_low``: of a reader with a battery, as far as it tells."""

    transport: Word
    state: Word
    battery_percent: Percent | None = None
    battery_low: bool | None = None


class BoxHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Sent to the data centre every quarter of an hour and shown to technicians. ``clock``: what the time rests on.
    ``rescued_at``: a backup took the place of a damaged database and nobody has taken care of it yet.
    ``up_since``: start of the program.
    """

    at: dt.datetime
    up_since: dt.datetime
    clock: Word
    bound: bool
    enabled: bool
    versions: Versions
    queue: QueueHealth
    expiry: Expiry
    power: PowerHealth
    link: LinkHealth
    disk: DiskHealth
    readers: Annotated[tuple[ReaderHealth, ...], Meta(max_length=64)] = ()
    data_used: DataUsed | None = None
    rescued_at: dt.datetime | None = None
