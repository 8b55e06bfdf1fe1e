"""Rows of the store that are neither visits nor jobs."""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.domain.people import Right, StaffKind
from visitbridge.domain.visit import VisitFlags, VisitState


class VisitSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a visit list; flags are derived from the visit's jobs."""

    visit_id: str
    revision: int
    state: VisitState
    patient_name: str
    card_no: str
    visit_at: dt.datetime
    sequence_no: str
    flags: VisitFlags


class Clearable(msgspec.Struct, frozen=True, kw_only=True):
    """Counts shown before history is cleared (S04): visits that would go, and visits that stay with the reason.

    ``open``: something is still to be written, sent or acknowledged. ``unconfirmed``: all is done, but the data
    centre's present epoch has not confirmed a receipt yet. ``drafts``: not finished. ``not_uploaded``: finished
    in a mode without the upload to the VPN.
    """

    clear: int = 0
    open: int = 0
    unconfirmed: int = 0
    drafts: int = 0
    not_uploaded: int = 0

    @property
    def keep(self) -> int:
        return self.open + self.unconfirmed + self.drafts + self.not_uploaded


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to whose record, from which phone; written in the act's own transaction (Y08).

    ``who``: staff id, ``box``, ``technician``, or ``phone`` when only the phone is known. ``act``: dotted verb such
    as ``visit.finish``. ``record``: the visit or patient concerned. ``why``: purpose where one was asked for.
    """

    at: dt.datetime
    who: str
    act: str
    record: str = ""
    phone_id: str = ""
    why: str = ""


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """``chain``: SHA-256 (hex) over the previous row's chain value and this row's canonical JSON."""

    number: int
    entry: AuditEntry
    chain: str


class PairedPhone(msgspec.Struct, frozen=True, kw_only=True):
    """``token_hash``: SHA-256 (hex) of the session cookie's value. ``used_at``: when a person last used it."""

    phone_id: str
    name: str
    token_hash: str
    paired_at: dt.datetime
    used_at: dt.datetime


class Countdown(msgspec.Struct, frozen=True, kw_only=True):
    """What was left of a time limit at one moment, by both clocks, so that it runs on after a restart (Y06).

    ``left_s`` seconds were left at ``kept_at`` (wall time), which was ``kept_monotonic_s`` of the boot ``boot_id``.
    ``services.countdown`` says what is left now.
    """

    left_s: float
    kept_at: dt.datetime
    kept_monotonic_s: float
    boot_id: str


class UnlockCode(msgspec.Struct, frozen=True, kw_only=True):
    """The code that a phone's person chose to unlock it with, as scrypt made it; ``salt`` and ``digest`` in hex.

    ``cost``: scrypt's N; that of the first ones where it is not told.
    """

    salt: str
    digest: str
    tries_left: int
    cost: int = 2**14


class PhoneSessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """The session of a paired phone (limits §5: 12 h at the longest, locked after 15 min without a person).

    ``whole`` and ``idle`` are what is left of the two limits; None: that one is over. ``former_hash``: SHA-256 (hex)
    of the cookie before the present one, until the phone has shown that it got the present one; else empty.
    """

    phone_id: str
    whole: Countdown | None = None
    idle: Countdown | None = None
    former_hash: str = ""
    code: UnlockCode | None = None


class StaffSessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A live staff session. ``token`` is the data centre's; ``ends_at`` the earlier of 8 h and midnight (X1).

    ``countdown`` holds the limit on the monotonic clock (Y06); ``ends_at`` is for people to read.
    """

    session_id: str
    staff_id: str
    name: str
    kind: StaffKind
    rights: tuple[Right, ...]
    token: str
    started_at: dt.datetime
    ends_at: dt.datetime
    countdown: Countdown | None = None
    phone_ids: tuple[str, ...] = ()
    id_no: str = ""


class DataSetRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A loaded data set: the one complete version that searches see.

    ``previous``: the version that it took the place of, empty for the first. ``added``, ``removed``, ``changed``: codes
    by which the two differ.
    """

    name: str
    version: str
    group: str
    rows: int
    sha256: str
    loaded_at: dt.datetime
    previous: str = ""
    added: int = 0
    removed: int = 0
    changed: int = 0


class LinkSample(msgspec.Struct, frozen=True, kw_only=True):
    """One point of the 24 h history chart."""

    at: dt.datetime
    link: str
    queue_depth: int
