"""The outbox's vocabulary: a job is a durable row with a kind, needs and a deadline.

States of architecture.md "Card writes" and "Uploads"::

    queued → leased → prepared → executing → written → confirmed
                 ↘ unknown ↗ (settled only by asking)      ↘ rejected (needs a person)

Uploads use queued → leased → executing → confirmed, with the same ``unknown`` and ``rejected``.
"""

from __future__ import annotations

import datetime as dt
import enum

import msgspec


class JobState(enum.StrEnum):
    QUEUED = "queued"
    LEASED = "leased"
    PREPARED = "prepared"
    EXECUTING = "executing"
    WRITTEN = "written"
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    HELD = "held"
    HANDED_OFF = "handed_off"

    @property
    def is_open(self) -> bool:
        """Open jobs are never deleted, and their visit neither."""
        return self not in {JobState.CONFIRMED, JobState.HANDED_OFF}


class Age(enum.StrEnum):
    """How an open job stands against the 24 h rule (N12): amber from 12 h, red from 20 h."""

    FRESH = "fresh"
    AMBER = "amber"
    RED = "red"
    OVERDUE = "overdue"


class AgeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Configurable thresholds, seconds since the visit."""

    amber_s: float = 12 * 3600.0
    red_s: float = 20 * 3600.0
    overdue_s: float = 24 * 3600.0


def age_of(visit_at: dt.datetime, now: dt.datetime, limits: AgeLimits) -> Age:
    """Classify by seconds since ``visit_at``; a clock that runs behind counts as fresh."""
    elapsed = (now - visit_at).total_seconds()
    if elapsed >= limits.overdue_s:
        return Age.OVERDUE
    if elapsed >= limits.red_s:
        return Age.RED
    if elapsed >= limits.amber_s:
        return Age.AMBER
    return Age.FRESH


class Need(msgspec.Struct, frozen=True, order=True):
    """What a job waits for: ``link`` · ``sam`` · ``staff`` + id · ``card`` + card number."""

    kind: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else self.kind


LINK = Need("link")
SAM = Need("sam")


def staff_need(staff_id: str) -> Need:
    return Need("staff", staff_id)


def card_need(card_no: str) -> Need:
    return Need("card", card_no)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the outbox.

    ``key`` is the idempotency key towards the data centre, minted with the row. ``position`` orders the jobs
    of one visit. ``fence`` grows with every lease; a result carrying an older fence is refused.
    ``payload`` is kind-specific JSON bytes; ``digest`` its SHA-256 in hex. Times are aware UTC.
    """

    job_id: str
    kind: str
    key: str
    visit_id: str
    position: int
    state: JobState
    needs: tuple[Need, ...]
    payload: bytes
    digest: str
    revision: int
    created_at: dt.datetime
    due_at: dt.datetime
    not_before: dt.datetime | None = None
    attempts: int = 0
    fence: int = 0
    lease_until: dt.datetime | None = None
    error_code: str = ""
    error_field: str = ""
    error_words: str = ""
    settled_at: dt.datetime | None = None
