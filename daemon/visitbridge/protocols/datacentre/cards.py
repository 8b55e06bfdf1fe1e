"""Card sessions: the data centre drives the card, the box relays (data-centre.md §3).

A session is a sequence of scripts. The box sends a script's steps to the card in order, stops at the first
status word that a step does not expect, and posts what it has. Posting one batch twice gives one answer.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from visitbridge.domain.people import BasicRecord, Right, StaffKind
from visitbridge.domain.visit import Diagnosis, Order
from visitbridge.protocols.datacentre.common import Moment, Receipt, digest_of

Hex = Annotated[str, Meta(pattern="^([0-9A-F]{2})*$")]

Phase = Literal[
    "authenticate",
    "identify",
    "read",
    "take_sequence",
    "write_visit",
    "write_orders",
    "commit",
    "read_back",
    "verify_pin",
    "sign",
]


class ScriptStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One command APDU.

    ``expect``: status words that let the script go on, 4 hex digits each. ``mutating``: the card's memory may
    change; the box makes ``executing`` durable before the first such step leaves. ``pin``: the box
    replaces the data field by the PIN as ASCII digits padded with FF to its length; the PIN never leaves the
    box.
    """

    apdu: Annotated[str, Meta(pattern="^([0-9A-F]{2}){4,}$")]
    label: str
    expect: tuple[Annotated[str, Meta(pattern="^[0-9A-F]{4}$")], ...] = ("9000",)
    mutating: bool = False
    pin: bool = False


class Script(msgspec.Struct, frozen=True, kw_only=True):
    batch_id: str
    phase: Phase
    steps: Annotated[tuple[ScriptStep, ...], Meta(min_length=1, max_length=200)]
    deadline_s: float


class BatchAnswers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``answers``: R-APDUs with status words, one per step sent. ``stopped_at``: index of the step whose status
    word was not expected; absent when the script ran to its end.
    """

    batch_id: str
    answers: tuple[Hex, ...]
    stopped_at: int | None = None


class WriteIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be on the card. The record's key is ``visit_time`` (13-digit ROC) + ``institution``.

    ``dispensing``: 醫令調劑方式, 0 self, 1 released (nhi-domain §4.6); decides the mark on the order records.
    """

    key: str
    card_no: str
    visit_time: Annotated[str, Meta(pattern="^[0-9]{13}$")]
    institution: Annotated[str, Meta(min_length=10, max_length=10)]
    visit_type: str
    diagnoses: tuple[Diagnosis, ...] = ()
    fee_points: int = 0
    copay_points: int = 0
    orders: tuple[Order, ...] = ()
    make_up: bool = False
    dispensing: str = "0"


def intent_digest(intent: WriteIntent) -> str:
    """The digest that an intent's key is bound to: SHA-256 (hex) of its JSON with sorted keys."""
    return digest_of(msgspec.json.encode(intent, order="sorted"))


Purpose = Literal["read", "write_visit", "write_prescription", "read_back", "repair", "update"]
"""``read``: insured status, visits, prescriptions. ``write_visit``: sequence number and visit record.
``write_prescription``: order records for a visit that is on the card. ``read_back``: is the record of the intent
absent, open (torn) or closed? ``repair``: bring a torn record to closed. ``update``: 卡片更新 (G05)."""


class OpenCardSession(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``intent`` is required for all purposes but ``read`` and ``update``."""

    purpose: Purpose
    staff_token: str
    intent: WriteIntent | None = None


class CardRecordState(msgspec.Struct, frozen=True, kw_only=True):
    """What a read-back found for the intent's key. ``open`` = begun and not committed (torn)."""

    visit: Literal["absent", "open", "closed"]
    orders: Literal["absent", "open", "closed"]
    sequence_no: str = ""


class CardVisit(msgspec.Struct, frozen=True, kw_only=True):
    """A visit record as read from the card (nhi-domain §2.2, 69 bytes)."""

    visit_type: str
    visit_time: str
    sequence_no: str
    institution: str
    make_up: bool


class CardOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order record as read from the card (61 bytes)."""

    visit_time: str
    order_type: str
    code: str
    usage: str
    days: int
    quantity: float


class CardContents(msgspec.Struct, frozen=True, kw_only=True):
    """What a ``read`` session brings back."""

    basic: BasicRecord
    insured: bool
    uses_left: int
    valid_until: dt.date
    visits: tuple[CardVisit, ...] = ()
    orders: tuple[CardOrder, ...] = ()


class CardResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a card session ended. ``receipt`` for mutating purposes, ``record`` for all but read and update."""

    contents: CardContents | None = None
    record: CardRecordState | None = None
    receipt: Receipt | None = None


class StaffToken(msgspec.Struct, frozen=True, kw_only=True):
    """A staff session on the other side. ``token`` is opaque and bound to the box's certificate."""

    token: str
    staff_id: str
    name: str
    kind: StaffKind
    rights: tuple[Right, ...]
    valid_until: Moment
    id_no: str = ""


class SessionStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Answer to opening a session or to a batch: exactly one of the three last members is set."""

    session_id: str
    script: Script | None = None
    card: CardResult | None = None
    staff: StaffToken | None = None
