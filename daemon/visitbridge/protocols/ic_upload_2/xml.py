"""Format 2.0 as bytes: ``RECS > REC* > MSH, MB > MB1, MB2*``, Big5, as format 1.0 (certainty C for the frame)."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.big5 import strangers
from visitbridge.protocols.ic_upload_2.record import IDENTIFIER_LENGTH, MOST_ORDERS, Ic2Record

_DECLARATION = b'<?xml version="1.0" encoding="Big5"?>\n'
# Big5 has no full-width form of the two straight quotes; the closing ones stand for them.
_FORBIDDEN = str.maketrans({"<": "＜", ">": "＞", "&": "＆", '"': "”", "'": "’"})
_REQUIRED = ("M03", "M04", "M05", "M06", "M07", "M11", "M12")
_NORMAL_ONLY = ("M01", "M02", "M14")
_RELEASED_NOTHING = "2"


def encode(records: Iterable[Ic2Record]) -> bytes:
    """XML bytes; the five characters of XML are written full width, as the format asks. Raises FieldInvalid as :func:`check`."""
    root = ET.Element("RECS")
    for record in records:
        check(record)
        element = ET.SubElement(root, "REC")
        _add(ET.SubElement(element, "MSH"), record.head)
        body = ET.SubElement(element, "MB")
        _add(ET.SubElement(body, "MB1"), record.body)
        for order in record.orders:
            _add(ET.SubElement(body, "MB2"), order)
    return _DECLARATION + ET.tostring(root, encoding="unicode").encode("big5")


def decode(data: bytes) -> tuple[Ic2Record, ...]:
    """Inverse of :func:`encode`. Raises FieldInvalid (``RECS``, ``MSH``, ``MB1``), or as :func:`check`."""
    try:
        text = data.decode("big5")
        if "<!" in text:
            raise FieldInvalid("a document type or comment has no place here", field="RECS")
        root = ET.fromstring(re.sub(r"\A<\?xml[^>]*\?>", "", text))  # noqa: S314 - no DTD got here
    except (UnicodeDecodeError, ET.ParseError) as exc:
        raise FieldInvalid("not well-formed Big5 XML", field="RECS") from exc
    if root.tag != "RECS":
        raise FieldInvalid("no RECS", field="RECS")
    records = tuple(map(_read, root.iterfind("REC")))
    for record in records:
        check(record)
    return records


def check(record: Ic2Record) -> None:
    """The rules that are known with certainty B. Raises FieldInvalid naming the field."""
    for tag in _REQUIRED:
        if not record.body.get(tag):
            raise FieldInvalid("is missing", field=tag)
    normal = record.head.get("H01") == "A"
    for tag in _NORMAL_ONLY:
        if normal and not record.body.get(tag):
            raise FieldInvalid("is missing in a normal record", field=tag)
        if not normal and record.body.get(tag):
            raise FieldInvalid("has no place in an abnormal record", field=tag)
    identifier = record.body.get("M15", "")
    if len(identifier) != IDENTIFIER_LENGTH and (normal or identifier):
        raise FieldInvalid(f"needs {IDENTIFIER_LENGTH} characters", field="M15")
    if len(record.orders) > MOST_ORDERS:
        raise FieldInvalid(f"more than {MOST_ORDERS} orders", field="MB2")
    _check_orders(record)
    for tag, value in (item for part in (record.body, *record.orders) for item in part.items()):
        if strangers(value):
            raise FieldInvalid("a character outside Big5", field=tag)


def _check_orders(record: Ic2Record) -> None:
    numbers = [order.get("D03", "") for order in record.orders]
    if len(set(numbers)) != len(numbers) or not all(re.fullmatch(r"[0-9]{3}", number) for number in numbers):
        raise FieldInvalid("is not a number of its own from 001", field="D03")
    for order in record.orders:
        if record.body.get("M23") == _RELEASED_NOTHING and order.get("D02") == "1":
            raise FieldInvalid("forbids drugs", field="M23")
        days = order.get("D09", "")
        if days and not (days.isdecimal() and 1 <= int(days) <= 90):
            raise FieldInvalid("is 1 to 90", field="D09")


def _add(parent: ET.Element, values: Mapping[str, str]) -> None:
    for tag, value in values.items():
        ET.SubElement(parent, tag).text = value.translate(_FORBIDDEN)


def _read(element: ET.Element) -> Ic2Record:
    head, body = element.find("MSH"), element.find("MB/MB1")
    if head is None:
        raise FieldInvalid("no MSH", field="MSH")
    if body is None:
        raise FieldInvalid("no MB1", field="MB1")
    orders = tuple(map(_values, element.iterfind("MB/MB2")))
    return Ic2Record(head=_values(head), body=_values(body), orders=orders)


def _values(parent: ET.Element) -> dict[str, str]:
    return {child.tag: child.text or "" for child in parent}
