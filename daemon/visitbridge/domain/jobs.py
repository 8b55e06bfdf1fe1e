"""The outbox's vocabulary: a job is a durable row with a kind, needs and a deadline.

States of architecture.md "Card writes" and "Uploads"::

    queued → leased → prepared → executing → written → confirmed
                 ↘ unknown ↗ (settled only by asking)      ↘ rejected (needs a person)

Uploads use queued → leased → executing → confirmed, with the same ``unknown`` and ``rejected``. Which move leads
where is the table in :mod:`visitbridge.domain.job_states`.
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
    """What a job waits for: ``link`` · ``sam`` · ``time`` (trusted) · ``staff`` + id · ``card`` + card number."""

    kind: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else self.kind


LINK = Need("link")
SAM = Need("sam")
TIME = Need("time")


def staff_need(staff_id: str) -> Need:
    return Need("staff", staff_id)


def card_need(card_no: str) -> Need:
    return Need("card", card_no)


INTERRUPTION_LIMIT = 5
"""A job in whose hands the program died this often in a row is left alone until a person asks for it."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the outbox. Times are aware UTC.

    ``key`` is the idempotency key towards the data centre, minted with the row; ``former_key`` the last one
    before it that may have gone out, asked about once before the new one is used. ``position`` orders the jobs of one visit.
    ``needs`` is what the next attempt waits for. ``payload`` is what goes out, empty until it is built;
    ``digest`` its SHA-256 in hex, which the key is bound to. ``revision`` counts keys, from 1.

    ``fence`` grows with every lease and every recovery; a result carrying an older fence is refused.
    ``leased_by`` is the run of the engine that holds the lease, so that a lease dies with its run.
    ``attempts`` counts leases; ``interruptions`` how often in a row a run died while it held one.

    ``error_*`` say why the last attempt ended; ``needs_person``: no attempt can help until somebody acts.
    ``settled_at`` is the first confirmation. ``result``: kind-specific JSON of an answer worth keeping.
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
    interruptions: int = 0
    fence: int = 0
    leased_by: str = ""
    former_key: str = ""
    error_code: str = ""
    error_field: str = ""
    error_words: str = ""
    needs_person: bool = False
    settled_at: dt.datetime | None = None
    result: str = ""
