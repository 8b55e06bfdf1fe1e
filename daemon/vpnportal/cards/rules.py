"""What this side decides by itself about a write, whatever the box thinks: rights, intent, entitlement."""

from __future__ import annotations

import datetime as dt

from visitbridge.domain.people import Right, StaffKind
from visitbridge.domain.roc import TAIPEI, parse_roc_time
from visitbridge.domain.visit import OrderKind
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.cards import Purpose, WriteIntent
from visitbridge.protocols.datacentre.common import ProblemCode
from visitbridge.protocols.nhi.records import LastSequence, Register
from vpnportal.cards import words
from vpnportal.cards.seams import StaffView
from vpnportal.problems import Refusal, malformed, refuse

NUMBERED_TYPES = frozenset(("01", "02", "03", "04", "05", "06", "07", "08", "09"))
"""Visit types (就醫類別) that take a number from the card."""

UNNUMBERED_TYPES = frozenset(
    (
        *("AA", "AB", "AD", "AE", "AF", "AG", "AH", "AI", "AJ", "AK"),
        *("BA", "BB", "BC", "BD", "BE", "BF", "BG", "CA", "DA", "DB", "DC"),
    )
)
"""Visit types that are recorded without a number; AH is home care from the month's second visit on."""

HIGHEST_NUMBER = 1500
"""Sequence numbers of a year run from 0001 (UP-1.0, rule on A18)."""

_CLOCK_TOLERANCE = dt.timedelta(minutes=5)
_USES_AT_UPDATE = 6
_USES_BEFORE_UPDATE = 3
_VALIDITY_AT_UPDATE = dt.timedelta(days=365)


def check_rights(purpose: Purpose, staff: StaffView, intent: WriteIntent | None) -> None:
    """Raises Refusal right_missing (403) or the insurer's 4029."""
    allowed = {Right.VISITS, Right.DISPENSING} if purpose in ("read", "read_back") else {Right.VISITS}
    if not allowed & set(staff.rights):
        raise refuse(
            403,
            ProblemCode.RIGHT_MISSING,
            title="the service code for home visits is missing",
            words="此帳號沒有居家看診(QPB)權限。",
        )
    is_writing = purpose in ("write_prescription", "repair")
    if is_writing and staff.kind is StaffKind.PHARMACIST and intent is not None:
        for index, order in enumerate(intent.orders):
            if order.kind not in (OrderKind.DRUG, OrderKind.CONTROLLED):
                raise words.insurer_refusal(
                    words.NO_RIGHT_ON_CARD,
                    "a pharmacist's card writes drug orders only",
                    field=f"intent.orders[{index}].kind",
                )


def check_intent(intent: WriteIntent | None, institution: str, now: dt.datetime) -> WriteIntent:
    """The parts of an intent that do not need the card. Raises Refusal naming the field."""
    if intent is None:
        raise malformed("this purpose needs an intent", field="intent")
    if intent.institution != institution:
        raise words.field_refusal(
            "intent.institution", "another institution's visit", "院所代碼與此設備綁定的院所不符。"
        )
    if len(intent.card_no) != 12 or not intent.card_no.isdigit():
        raise malformed("a card number is 12 digits", field="intent.card_no")
    if not intent.card_no.startswith("9"):
        raise words.insurer_refusal(
            words.REALMS_MIXED, "a production card in the test realm", field="intent.card_no"
        )
    if intent.visit_type not in NUMBERED_TYPES | UNNUMBERED_TYPES:
        raise words.field_refusal(
            "intent.visit_type", "no visit type that is written to a card", "就醫類別不可寫入健保卡。"
        )
    try:
        visit_at = parse_roc_time(intent.visit_time)
    except FieldInvalid as exc:
        raise malformed(exc.detail, field="intent.visit_time") from exc
    if visit_at > now + _CLOCK_TOLERANCE:
        raise words.field_refusal(
            "intent.visit_time", "a visit in the future", "看診時間在未來，請校正時間。"
        )
    return intent


def check_register(register: Register, now: dt.datetime) -> None:
    """May this card be written at all today? Raises Refusal with the insurer's number."""
    if register.is_cancelled:
        raise words.insurer_refusal(words.CARD_CANCELLED, "the card is cancelled")
    if register.valid_until < now.astimezone(TAIPEI).date():
        raise words.insurer_refusal(words.CARD_EXPIRED, "the card is past its validity")
    if not register.is_insured:
        raise words.insurer_refusal(words.NOT_INSURED, "the holder is not insured")


def check_number_available(intent: WriteIntent, register: Register, last: LastSequence) -> None:
    """Can the card give one more number? Raises Refusal."""
    if not register.uses_left:
        raise words.insurer_refusal(words.NO_USES_LEFT, "no uses left")
    if last.roc_year == int(intent.visit_time[:3]) and last.number >= HIGHEST_NUMBER:
        raise _numbers_used_up()


def check_number(sequence_no: str) -> None:
    """Is this a number that an upload may carry? Raises Refusal."""
    if not (len(sequence_no) == 4 and sequence_no.isdigit() and 1 <= int(sequence_no) <= HIGHEST_NUMBER):
        raise _numbers_used_up()


def takes_number(visit_type: str) -> bool:
    return visit_type in NUMBERED_TYPES


def updated(register: Register, now: dt.datetime) -> tuple[int, dt.date]:
    """Uses and validity after 卡片更新. Raises Refusal 9081 while more than three uses remain."""
    today = now.astimezone(TAIPEI).date()
    if register.is_cancelled:
        raise words.insurer_refusal(words.CARD_CANCELLED, "the card is cancelled")
    if register.uses_left > _USES_BEFORE_UPDATE and register.valid_until >= today:
        raise words.insurer_refusal(words.NO_UPDATE_DUE, "more than three uses left")
    return _USES_AT_UPDATE, max(register.valid_until, today + _VALIDITY_AT_UPDATE)


def _numbers_used_up() -> Refusal:
    return refuse(
        422,
        ProblemCode.SEQUENCE_RANGE,
        title="sequence numbers run from 0001 to 1500 in a year",
        words="本年度就醫序號已用完(0001-1500)，請洽健保署。",
    )
