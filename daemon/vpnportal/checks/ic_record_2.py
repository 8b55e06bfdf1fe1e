"""Uploads in format 2.0, as far as its rules are known (nhi-domain §3.2, certainty B and C): unverified, like the format."""

from __future__ import annotations

import re
from collections.abc import Iterator

from visitbridge.protocols.datacentre.common import CheckFinding
from vpnportal.checks import RecordNote, Situation, Verdict
from vpnportal.checks.codes import finding
from vpnportal.checks.ic_xml import Element

_ALWAYS = ("M03", "M04", "M05", "M06", "M07", "M11")
_WITH_CARD = ("M01", "M02", "M14", "M15")
_NUMBER = re.compile(r"[0-9]{3}")


def is_format_2(root: Element) -> bool:
    """Whether the first record says so itself."""
    heads = [head for record in root.children[:1] for head in record.all("MSH")]
    return any(head.all("H00") for head in heads)


def check_records_2(root: Element, situation: Situation) -> Verdict:
    """Judge every record of an upload."""
    findings: list[CheckFinding] = []
    records: dict[str, RecordNote] = {}
    for index, element in enumerate(root.children):
        place = f"REC[{index}]"
        heads, firsts = element.all("MSH"), [first for body in element.all("MB") for first in body.all("MB1")]
        if len(heads) != 1 or len(firsts) != 1:
            findings.append(finding("02", place))
            continue
        head, first = _values(heads[0]), _values(firsts[0])
        orders = [_values(line) for body in element.all("MB") for line in body.all("MB2")]
        findings += _judge(head, first, orders, place, situation)
        key = f"2.0 {first.get('M05', '')} {first.get('M03', '')} {first.get('M11', '')}"
        if key in records:
            findings.append(finding("C001", place))
        records[key] = RecordNote(key=key, field=place, mark=head.get("H01", ""))
    return Verdict(findings=tuple(findings), records=tuple(records.values()))


def _judge(
    head: dict[str, str],
    first: dict[str, str],
    orders: list[dict[str, str]],
    place: str,
    situation: Situation,
) -> Iterator[CheckFinding]:
    form = head.get("H01", "")
    if form not in {"A", "B"}:
        yield finding("AD", f"{place}.H01")
    for tag in (*_ALWAYS, *(_WITH_CARD if form == "A" else ())):
        if not first.get(tag):
            yield finding("AA", f"{place}.{tag}")
    if form == "B":
        for tag in _WITH_CARD[:3]:
            if first.get(tag):
                yield finding("AF", f"{place}.{tag}")
    if first.get("M15") and len(first["M15"]) != 20:
        yield finding("AC", f"{place}.M15")
    if first.get("M05", situation.institution.code) != situation.institution.code:
        yield finding("06", f"{place}.M05")
    if first.get("M01", situation.sam_id) != situation.sam_id:
        yield finding("07", f"{place}.M01")
    numbers = [order.get("D03", "") for order in orders]
    if len(set(numbers)) < len(numbers):
        yield finding("AD", f"{place}.D03")
    for line, order in enumerate(orders):
        yield from _judge_order(order, first, f"{place}.MB2[{line}]")


def _judge_order(order: dict[str, str], first: dict[str, str], place: str) -> Iterator[CheckFinding]:
    if not _NUMBER.fullmatch(order.get("D03", "")):
        yield finding("AD", f"{place}.D03")
    if not order.get("D06"):
        yield finding("AA", f"{place}.D06")
    days = order.get("D09", "1")
    if not days.isdecimal() or not 1 <= int(days) <= 90:
        yield finding("D040", f"{place}.D09")
    if first.get("M23") == "2" and order.get("D02") == "1":
        yield finding("AF", f"{place}.D02")


def _values(element: Element) -> dict[str, str]:
    return {child.tag: child.text for child in element.children}
