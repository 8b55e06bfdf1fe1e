"""What one well-formed record of an IC-card upload must satisfy (UP-1.0; nhi-domain §3.1, §3.3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec

from visitbridge.domain.people import Right
from visitbridge.domain.roc import parse_roc_date, parse_roc_time
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.common import CheckFinding
from visitbridge.protocols.datacentre.uploads import UploadKind
from vpnportal.checks import ACCEPTED_AFTER, CLOCK_TOLERANCE, Situation
from vpnportal.checks.codes import finding
from vpnportal.checks.ic_fields import ORDERED_TYPES, VISIT_TYPES, visit_rules
from vpnportal.checks.ic_orders import judge_order, judge_signatures
from vpnportal.checks.known import CardRecord, card_record, is_diagnosis, recorded_mark, rights_of_id
from vpnportal.checks.sequence import (
    ABNORMAL_CODES,
    COUNTED_VISIT_TYPES,
    PREVENTION_VISIT_TYPE,
    is_card_number,
    is_prevention_code,
)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Values of one ``REC`` by field id; ``place`` is how findings name it."""

    place: str
    head: dict[str, str]
    visit: dict[str, str]
    orders: tuple[dict[str, str], ...]

    @property
    def is_normal(self) -> bool:
        """A01 = 1 or 3: with a card and its number."""
        return self.head.get("A01") in {"1", "3"}

    @property
    def is_correction(self) -> bool:
        return self.head.get("A01") in {"3", "4"}

    @property
    def visit_key(self) -> str:
        """One visit: person and time."""
        return f"{self.visit.get('A12', '')}|{self.visit.get('A17', '')}"

    @property
    def key(self) -> str:
        """What is recorded once: a visit, and each kind of correction of it."""
        return f"{self.visit_key}|{self.head.get('A01')}" if self.is_correction else self.visit_key

    def at(self, tag: str) -> str:
        return f"{self.place}.{tag}"


def judge_record(record: Record, situation: Situation) -> Iterator[CheckFinding]:
    """Every finding of a record whose values are well formed."""
    head_faults = tuple(_head(record))
    if head_faults:
        yield from head_faults
        return
    card = _card_of(record, situation) if record.is_normal else None
    yield from _matrix(record)
    yield from _origin(record, situation)
    yield from _dates(record, situation)
    yield from _sequence(record)
    yield from _claim_of_card(record, card)
    yield from _diagnoses(record, situation)
    yield from _correction(record, situation)
    for number, order in enumerate(record.orders):
        yield from judge_order(
            order,
            record.at(f"MB2[{number}]"),
            situation,
            visit_type=record.visit["A23"],
            visit_time=record.visit.get("A17", ""),
            normal=record.is_normal,
        )
    yield from judge_signatures(record.orders, record.place, card)
    if record.visit["A23"] in ORDERED_TYPES and not record.orders:
        yield finding("Y012", record.at("MB2"))


def _head(record: Record) -> Iterator[CheckFinding]:
    for tag, code, allowed in (
        ("A00", "01", {"1"}),
        ("A01", "02", {"1", "2", "3", "4"}),
        ("A02", "03", {"1.0"}),
    ):
        value = record.head.get(tag)
        if value is None:
            yield finding("AA", record.at(tag))
        elif value not in allowed:
            yield finding(code, record.at(tag))
    visit_type = record.visit.get("A23")
    if visit_type is None:
        yield finding("AA", record.at("A23"))
    elif visit_type not in VISIT_TYPES:
        yield finding("AD", record.at("A23"))


def _matrix(record: Record) -> Iterator[CheckFinding]:
    for tag, rule in visit_rules(record.visit["A23"], normal=record.is_normal).items():
        if rule == "required" and tag not in record.visit:
            yield finding("AA", record.at(tag))
        elif rule == "forbidden" and tag in record.visit:
            yield finding("AF", record.at(tag))
    if record.visit.get("A19") == "2" and "A54" not in record.visit:
        yield finding("AA", record.at("A54"))
    if "A24" in record.visit and "A20" not in record.visit:
        yield finding("AA", record.at("A20"))


def _origin(record: Record, situation: Situation) -> Iterator[CheckFinding]:
    visit = record.visit
    if "A14" in visit and visit["A14"] != situation.institution.code:
        yield finding("06", record.at("A14"))
    if "A16" in visit and visit["A16"] != situation.sam_id:
        yield finding("07", record.at("A16"))
    if "A11" in visit and not visit["A11"].startswith("9"):
        # Mixing test and production locks real cards (nhi-domain §1.4); this portal is never production.
        yield finding("AD", record.at("A11"))
    if "A15" in visit:
        rights = rights_of_id(situation.connection, situation.institution.code, visit["A15"])
        if rights is None:
            yield finding("13", record.at("A15"))
        elif not {Right.VISITS, Right.DISPENSING} & set(rights):
            yield finding("14", record.at("A15"))


def _dates(record: Record, situation: Situation) -> Iterator[CheckFinding]:
    days: dict[str, dt.date] = {}
    for tag in ("A13", "A20", "A54"):
        if tag in record.visit:
            try:
                days[tag] = parse_roc_date(record.visit[tag])
            except FieldInvalid:
                yield finding("AB", record.at(tag))
    if "A17" not in record.visit:
        return
    try:
        visit_at = parse_roc_time(record.visit["A17"])
    except FieldInvalid:
        yield finding("AB", record.at("A17"))
        return
    if visit_at > situation.now + CLOCK_TOLERANCE:
        yield finding("BD", record.at("A17"))
    elif visit_at < situation.now - ACCEPTED_AFTER:
        yield finding("BH", record.at("A17"))
    for tag, day in days.items():
        # Nobody is born after the visit, and what is made up for lies before it.
        if day > visit_at.date():
            yield finding("BE", record.at(tag))


def _sequence(record: Record) -> Iterator[CheckFinding]:
    number, visit_type = record.visit.get("A18", ""), record.visit["A23"]
    counted = visit_type in COUNTED_VISIT_TYPES
    if not record.is_normal:
        if (number and number not in ABNORMAL_CODES) or (counted and not number):
            yield finding("AD02", record.at("A18"))
    elif counted:
        if not is_card_number(number):
            yield finding("AD01", record.at("A18"))
    elif visit_type == PREVENTION_VISIT_TYPE:
        if not is_prevention_code(number):
            yield finding("AD13", record.at("A18"))
    elif number:
        yield finding("AD14", record.at("A18"))


def _card_of(record: Record, situation: Situation) -> CardRecord | None:
    card_no, visit_time = record.visit.get("A11", ""), record.visit.get("A17", "")
    return card_record(situation.connection, situation.institution.code, card_no, visit_time)


def _claim_of_card(record: Record, card: CardRecord | None) -> Iterator[CheckFinding]:
    """A normal record claims a card: this side must have written it, and signed that (data-centre.md §1.1)."""
    if not record.is_normal or "A22" not in record.visit:
        return
    if card is None or record.visit["A22"] != card.signature:
        yield finding("04", record.at("A22"))
    elif record.visit["A23"] in COUNTED_VISIT_TYPES and record.visit.get("A18") != card.sequence_no:
        yield finding("AD01", record.at("A18"))


def _diagnoses(record: Record, situation: Situation) -> Iterator[CheckFinding]:
    for number in range(25, 31):
        code = record.visit.get(f"A{number}")
        if code is not None and not is_diagnosis(situation.connection, code):
            yield finding("15", record.at(f"A{number}"))


def _correction(record: Record, situation: Situation) -> Iterator[CheckFinding]:
    """A correction needs its original, and one without a card must not replace one with a card."""
    if not record.is_correction:
        return
    original = recorded_mark(
        situation.connection, UploadKind.IC_RECORD, situation.institution.code, record.visit_key
    )
    if original is None:
        yield finding("D006", record.at("A01"))
    elif original == "1" and not record.is_normal:
        yield finding("C002", record.at("A01"))
