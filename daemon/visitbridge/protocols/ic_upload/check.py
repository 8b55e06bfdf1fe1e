"""Is a record fit to be sent? The format's own rules, without any table of codes (UP-1.0; nhi-domain §3.1).

What needs a data set (10-15), other records (C001, D006) or the insurer's clock and registers is not decided here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from visitbridge.domain.roc import parse_roc_date, parse_roc_time
from visitbridge.domain.visit_types import ABNORMAL_NUMBERS, COUNTED, PREVENTION, UNCLEAR
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.big5 import strangers
from visitbridge.protocols.datacentre.common import CheckFinding
from visitbridge.protocols.ic_upload.check_orders import check_order
from visitbridge.protocols.ic_upload.findings import finding
from visitbridge.protocols.ic_upload.matrix import TYPES_WITH_ORDERS, VISIT_TYPES, Presence, presence
from visitbridge.protocols.ic_upload.record import (
    DIAGNOSIS_TAGS,
    ORDER_FIELDS,
    RECORD_FIELDS,
    IcField,
    IcOrder,
    IcRecord,
)

_PERSON: Final = re.compile(r"[A-Z][A-D1289][0-9]{8}")
_INSTITUTION: Final = re.compile(r"[0-9A-Z]{10}")
_DIAGNOSIS: Final = re.compile(r"[A-Z][0-9A-Z.]*")
_AMOUNT: Final = re.compile(r"[0-9]+")
_DATES: Final = ("A13", "A20", "A42", "A51", "A54")

_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    "A11": re.compile(r"[0-9]{12}"),
    **dict.fromkeys(("A12", "A15"), _PERSON),
    **dict.fromkeys(("A14", "A43", "A52"), _INSTITUTION),
    "A16": re.compile(r"[0-9A-Z]{12}"),
    "A19": re.compile(r"[12]"),
    "A21": re.compile(r"[1-9]"),
    "A24": re.compile(r"[A-Za-z]"),
    **dict.fromkeys(("A25", *DIAGNOSIS_TAGS), _DIAGNOSIS),
    "A31": re.compile(r"-?[0-9]+"),
    **dict.fromkeys(("A32", "A33", "A34", "A35"), _AMOUNT),
    "A41": re.compile(r"0[1-8]"),
    "A72": re.compile(r"[1-5A-EGHJK]"),
    "A73": re.compile(r"[0-9A-Z]+"),
    "A76": _AMOUNT,
    "A77": re.compile(r"[0-9]{1,5}(\.[0-9])?"),
    "A78": re.compile(r"0[1-6]"),
    "A80": re.compile(r"[ND]"),
}

_CARD_NUMBER: Final = re.compile(r"[0-9]{4}")
_PREVENTION_NUMBER: Final = re.compile(r"IC[0-9A-Z]{2}")


def check_record(record: IcRecord, *, pending: Collection[str] = ()) -> tuple[CheckFinding, ...]:
    """Everything that keeps a record from being taken, in the order of its elements; empty when nothing does.

    ``pending``: elements that are yet to come, so that they are not missed; the signatures of orders (A79) while
    the prescription is not on the card, since the 24 hours don't wait for it.
    """
    visit = _values(record, RECORD_FIELDS)
    visit |= dict(zip(DIAGNOSIS_TAGS, record.other_diagnoses, strict=False))
    orders = [_values(order, ORDER_FIELDS) for order in record.orders]
    if record.data_type != "1":
        return (finding("01", "A00"),)
    visit_type = visit.get("A23", "")
    if visit_type not in VISIT_TYPES:
        return (finding("AD" if visit_type else "AA", "A23"),)
    from_card = record.data_format in {"1", "3"}
    return (
        *_forms(visit, _RECORD_BY_TAG, ""),
        *_presence(visit, visit_type, from_card=from_card, pending=pending),
        *(() if "A18" in pending else _number(visit.get("A18", ""), visit_type, from_card=from_card)),
        *_dates(visit),
        *_lines(orders, visit, from_card=from_card, pending=pending),
    )


_RECORD_BY_TAG: Final[Mapping[str, IcField]] = {
    **{field.tag: field for field in RECORD_FIELDS.values()},
    **{tag: IcField(tag, 9) for tag in DIAGNOSIS_TAGS},
}
_ORDER_BY_TAG: Final[Mapping[str, IcField]] = {field.tag: field for field in ORDER_FIELDS.values()}


def _values(part: IcRecord | IcOrder, fields: Mapping[str, IcField]) -> dict[str, str]:
    """What is there, by tag; empty text is an absent element."""
    values = ((field.tag, getattr(part, name)) for name, field in fields.items())
    return {tag: value for tag, value in values if value}


def _forms(values: Mapping[str, str], fields: Mapping[str, IcField], place: str) -> Iterator[CheckFinding]:
    for tag, value in values.items():
        where = f"{place}{tag}"
        unfit = strangers(value)
        form = _FORMS.get(tag)
        if unfit:
            yield finding("Y014", where, "".join(f"：第 {one.position} 字 {one.name}" for one in unfit))
        elif len(value) > fields[tag].length:
            yield finding("AC", where)
        elif form is not None and not form.fullmatch(value):
            yield finding("AB", where)


def _presence(
    visit: Mapping[str, str], visit_type: str, *, from_card: bool, pending: Collection[str]
) -> Iterator[CheckFinding]:
    for tag in _RECORD_BY_TAG:
        mark = presence(tag, visit_type, from_card=from_card)
        if mark is Presence.REQUIRED and tag not in visit and tag not in pending:
            yield finding("AA", tag)
        elif mark is Presence.ABSENT and tag in visit:
            yield finding("AF", tag)
    if visit.get("A19") == "2" and "A54" not in visit:
        yield finding("AA", "A54")
    if "A24" in visit and "A20" not in visit:
        yield finding("AA", "A20")


def _number(number: str, visit_type: str, *, from_card: bool) -> Iterator[CheckFinding]:
    """就醫序號. Whether 00 takes one is not public, so any that could be one passes there."""
    if not from_card:
        if (number and number not in ABNORMAL_NUMBERS) or (visit_type in COUNTED and not number):
            yield finding("AD02", "A18")
    elif visit_type in COUNTED or (visit_type == UNCLEAR and number):
        if not _CARD_NUMBER.fullmatch(number) or not 1 <= int(number) <= 1500:
            yield finding("AD01", "A18")
    elif visit_type == PREVENTION:
        if not _PREVENTION_NUMBER.fullmatch(number):
            yield finding("AD13", "A18")
    elif number:
        yield finding("AD14", "A18")


def _dates(visit: Mapping[str, str]) -> Iterator[CheckFinding]:
    """Real days, and none after the visit: nobody is born later, and what is made up for lies before."""
    visited_on: dt.date | None = None
    if "A17" in visit:
        try:
            visited_on = parse_roc_time(visit["A17"]).date()
        except FieldInvalid:
            yield finding("AB", "A17")
    for tag in _DATES:
        if tag not in visit:
            continue
        try:
            day = parse_roc_date(visit[tag])
        except FieldInvalid:
            yield finding("AB", tag)
            continue
        if visited_on is not None and day > visited_on:
            yield finding("BE", tag)


def _lines(
    orders: list[dict[str, str]], visit: Mapping[str, str], *, from_card: bool, pending: Collection[str]
) -> Iterator[CheckFinding]:
    visit_type = visit["A23"]
    if visit_type in TYPES_WITH_ORDERS and not orders:
        yield finding("Y012", "MB2")
    for number, order in enumerate(orders):
        place = f"MB2[{number}]."
        yield from _forms(order, _ORDER_BY_TAG, place)
        yield from check_order(
            order, place, visit_type, visit_time=visit.get("A17", ""), from_card=from_card, pending=pending
        )
