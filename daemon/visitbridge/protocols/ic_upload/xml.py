"""Format 1.0 as bytes: ``RECS > REC* > MSH, MB > MB1, MB2*``, Big5, values not padded."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

import msgspec

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.big5 import strangers
from visitbridge.protocols.ic_upload.record import (
    DIAGNOSIS_TAGS,
    ORDER_FIELDS,
    RECORD_FIELDS,
    IcField,
    IcOrder,
    IcRecord,
)

_VERSION = "1.0"
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9])?")
_DECLARATION = b'<?xml version="1.0" encoding="Big5"?>\n'


def encode(records: Iterable[IcRecord]) -> bytes:
    """XML bytes for one upload.

    Raises FieldInvalid with the element's id as ``field`` for a value that is too long, not numeric where it
    has to be, or not in Big5; nothing is cut or replaced.
    """
    root = ET.Element("RECS")
    for record in records:
        _add_record(root, record)
    # Written by hand and not by ElementTree, which turns characters outside Big5 into numeric references.
    text = ET.tostring(root, encoding="unicode", short_empty_elements=False)
    return _DECLARATION + text.encode("big5")


def decode(data: bytes) -> tuple[IcRecord, ...]:
    """Inverse of :func:`encode`. Raises FieldInvalid (``RECS``, ``MSH``, ``MB1`` or an element's id)."""
    try:
        text = data.decode("big5")
        root = ET.fromstring(_without_declaration(text))  # noqa: S314 - _without_declaration lets no DTD through
    except (UnicodeDecodeError, ET.ParseError) as exc:
        raise FieldInvalid("not well-formed Big5 XML", field="RECS") from exc
    if root.tag != "RECS":
        raise FieldInvalid("no RECS", field="RECS")
    return tuple(_read_record(element) for element in root.iterfind("REC"))


def _without_declaration(text: str) -> str:
    if "<!" in text:
        raise FieldInvalid("a document type or comment has no place here", field="RECS")
    return re.sub(r"\A<\?xml[^>]*\?>", "", text)


def _add_record(root: ET.Element, record: IcRecord) -> None:
    element = ET.SubElement(root, "REC")
    head = ET.SubElement(element, "MSH")
    for tag, value in (("A00", record.data_type), ("A01", record.data_format), ("A02", _VERSION)):
        ET.SubElement(head, tag).text = value
    body = ET.SubElement(element, "MB")
    first = ET.SubElement(body, "MB1")
    for name, field in RECORD_FIELDS.items():
        _add(first, field, getattr(record, name))
        if name == "main_diagnosis":
            for tag, code in zip(DIAGNOSIS_TAGS, record.other_diagnoses, strict=False):
                _add(first, IcField(tag, 9), code)
    for order in record.orders:
        line = ET.SubElement(body, "MB2")
        for name, field in ORDER_FIELDS.items():
            _add(line, field, getattr(order, name))


def _add(parent: ET.Element, field: IcField, value: str) -> None:
    if not value:
        return
    if len(value) > field.length:
        raise FieldInvalid(f"longer than {field.length}", field=field.tag)
    if field.numeric and not _NUMBER.fullmatch(value):
        raise FieldInvalid("not a number", field=field.tag)
    if strangers(value):
        raise FieldInvalid("a character outside Big5", field=field.tag)
    ET.SubElement(parent, field.tag).text = value


def _read_record(element: ET.Element) -> IcRecord:
    head = element.find("MSH")
    first = element.find("MB/MB1")
    if head is None:
        raise FieldInvalid("no MSH", field="MSH")
    if first is None:
        raise FieldInvalid("no MB1", field="MB1")
    values: dict[str, object] = {name: _text(first, field.tag) for name, field in RECORD_FIELDS.items()}
    values["data_type"] = _text(head, "A00")
    values["data_format"] = _text(head, "A01")
    values["other_diagnoses"] = tuple(filter(None, (_text(first, tag) for tag in DIAGNOSIS_TAGS)))
    values["orders"] = tuple(
        IcOrder(**{name: _text(line, field.tag) for name, field in ORDER_FIELDS.items()})
        for line in element.iterfind("MB/MB2")
    )
    try:
        return msgspec.convert(values, IcRecord)
    except msgspec.ValidationError as exc:
        raise FieldInvalid("A00 or A01 is not one of its values", field="A01") from exc


def _text(parent: ET.Element, tag: str) -> str:
    return (parent.findtext(tag) or "").strip()
