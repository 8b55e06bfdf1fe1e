"""Checks of ``POST /ic-records``: the structure of a file and of its records (UP-1.0; nhi-domain §3.1).

The source refuses a file whole for what makes it unreadable or another institution's, and other records one by one.
This portal refuses it whole for every finding, so that an upload has one outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from visitbridge.protocols.datacentre.common import CheckFinding
from vpnportal.checks import RecordNote, Situation, Verdict
from vpnportal.checks.codes import finding
from vpnportal.checks.ic_fields import HEAD, ORDER, VISIT, Field
from vpnportal.checks.ic_record_2 import check_records_2, is_format_2
from vpnportal.checks.ic_rules import Record, judge_record
from vpnportal.checks.ic_xml import Element, NotReadable, read_document

RECORDS_PER_FILE = 500


def check_ic_records(body: bytes, situation: Situation) -> Verdict:
    """Judge an upload in format 1.0, or in 2.0 where it says so itself."""
    try:
        root = read_document(body)
    except NotReadable as exc:
        return Verdict(findings=(finding(exc.code, exc.field),))
    if root.tag != "RECS" or not root.children:
        return Verdict(findings=(finding("AA", "RECS"),))
    if len(root.children) > RECORDS_PER_FILE:
        return Verdict(findings=(finding("AG", "RECS"),))
    if is_format_2(root):
        return check_records_2(root, situation)
    findings: list[CheckFinding] = []
    records: dict[str, RecordNote] = {}
    for index, element in enumerate(root.children):
        record, faults = _read_record(element, f"REC[{index}]")
        findings += faults
        if record is None or faults:
            continue
        findings += judge_record(record, situation)
        if record.key in records:
            findings.append(finding("C001", record.place))
        records[record.key] = RecordNote(key=record.key, field=record.place, mark=record.head.get("A01", ""))
    return Verdict(findings=tuple(findings), records=tuple(records.values()))


def _read_record(element: Element, place: str) -> tuple[Record | None, list[CheckFinding]]:
    """The values of one ``REC``, or what keeps them from being read."""
    if element.tag != "REC":
        return None, [finding("AE", f"{place}:{element.tag}")]
    heads, bodies = element.all("MSH"), element.all("MB")
    firsts = bodies[0].all("MB1") if bodies else ()
    for tag, found in (("MSH", heads), ("MB", bodies), ("MB1", firsts)):
        if len(found) != 1:
            return None, [finding("AA" if not found else "02", f"{place}.{tag}")]
    lines = bodies[0].all("MB2")
    faults = [
        *_strangers(element, {"MSH", "MB"}, place),
        *_strangers(bodies[0], {"MB1", "MB2"}, place),
        *_faults(heads[0], HEAD, place),
        *_faults(firsts[0], VISIT, place),
    ]
    for number, line in enumerate(lines):
        faults += _faults(line, ORDER, f"{place}.MB2[{number}]")
    record = Record(
        place=place,
        head=_values(heads[0]),
        visit=_values(firsts[0]),
        orders=tuple(_values(line) for line in lines),
    )
    return record, faults


def _strangers(element: Element, known: set[str], place: str) -> Iterator[CheckFinding]:
    for child in element.children:
        if child.tag not in known:
            yield finding("AE", f"{place}.{child.tag}")


def _faults(element: Element, fields: Mapping[str, Field], place: str) -> Iterator[CheckFinding]:
    """What is wrong with the values of a segment as such: unknown, doubled, too long, of the wrong form."""
    seen: set[str] = set()
    for child in element.children:
        where = f"{place}.{child.tag}"
        field = fields.get(child.tag)
        if field is None or child.children:
            yield finding("AE", where)
        elif child.tag in seen:
            yield finding("02", where)
        elif len(child.text) > field.length:
            yield finding("AC", where)
        elif child.text and not field.form.fullmatch(child.text):
            yield finding("AB", where)
        seen.add(child.tag)


def _values(element: Element) -> dict[str, str]:
    """An empty element says no more than an absent one."""
    return {child.tag: child.text for child in element.children if child.text}
