"""The V/*/~ table of nhi-domain §3.1 as it is printed, and records that hold exactly what a cell asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec

from visitbridge.protocols.ic_upload.record import ORDER_FIELDS, RECORD_FIELDS, IcOrder, IcRecord

Mark = Literal["V", "*", "~"]
Format = Literal["1", "2", "3", "4"]
NORMAL: tuple[Format, ...] = ("1", "3")
FORMATS: tuple[Format, ...] = ("1", "2", "3", "4")

COUNTED = ("01", "02", "03", "04", "05", "06", "07", "08", "09")
COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("01", "02", "03", "06", "07", "08", "09"), "outpatient"),
    "04": "emergency",
    **dict.fromkeys(("AA", "AB", "AD", "AE", "AF", "AG", "AH", "AI"), "course"),
    "AC": "prevention",
}
# fmt: off
OTHERS = (
    "00", "05", "AJ", "AK", "BA", "BB", "BC", "BD", "BE", "BF", "BG", "CA", "DA", "DB", "DC", "EA", "ZA", "ZB",
)
# fmt: on
VISIT_TYPES = (*COLUMNS, *OTHERS)

EVERYWHERE = ("A12", "A13", "A14", "A15", "A17", "A19", "A23")
FROM_CARD = ("A11", "A16", "A22", "A79")
NEWBORN = ("A20", "A21")
LINE = ("A71", "A72", "A73")
USAGE = ("A75", "A76", "A77", "A78")
TAGS = (*EVERYWHERE, *FROM_CARD, "A25", "A31", "A32", *NEWBORN, *LINE, *USAGE)

VALUES = {
    "A11": "900000000018",
    "A12": "A123456788",
    "A13": "0340302",
    "A14": "3501200000",
    "A15": "B123456781",
    "A16": "SAM000000001",
    "A17": "1151121170530",
    "A19": "1",
    "A20": "1151101",
    "A21": "1",
    "A22": "AB",
    "A25": "J069",
    "A31": "1631",
    "A32": "82",
    "A71": "1151121170530",
    "A72": "3",
    "A73": "05301C",
    "A75": "QD PO",
    "A76": "7",
    "A77": "1.0",
    "A78": "03",
    "A79": "CD",
}
_RECORD_NAMES = {field.tag: name for name, field in RECORD_FIELDS.items()}
_ORDER_NAMES = {field.tag: name for name, field in ORDER_FIELDS.items()}


class Cell(NamedTuple):
    tag: str
    visit_type: str
    data_format: Format
    mark: Mark

    @property
    def place(self) -> str:
        """How a finding names the element."""
        return f"MB2[0].{self.tag}" if self.tag in _ORDER_NAMES else self.tag


def mark_of(tag: str, visit_type: str, data_format: Format) -> Mark:
    """The table, row by row."""
    column = COLUMNS.get(visit_type, "")
    match tag:
        case "A11" | "A16" | "A22" | "A79":
            return "V" if data_format in NORMAL else "~"
        case "A12" | "A13" | "A14" | "A15" | "A17" | "A19" | "A23" | "A71" | "A72" | "A73":
            return "V"
        case "A25":
            needed = column in {"outpatient", "emergency", "course"} and visit_type != "AI"
        case "A31" | "A32" if visit_type == "05":
            return "~"
        case "A31":
            needed = column in {"outpatient", "course", "prevention"} and visit_type != "AI"
        case "A32":
            needed = column == "outpatient" or visit_type in {"AD", "AE"}
        case "A75" | "A76":
            needed = visit_type in {"AE", "AF"}
        case "A77" | "A78":
            needed = visit_type in {"AE", "AF", "AG"}
        case _:
            return "~" if visit_type == "AD" else "*"
    return "V" if needed else "*"


def cells() -> Iterator[Cell]:
    for tag in TAGS:
        for visit_type in VISIT_TYPES:
            for data_format in FORMATS:
                yield Cell(tag, visit_type, data_format, mark_of(tag, visit_type, data_format))


def number_for(visit_type: str, data_format: Format) -> str:
    """A 就醫序號 that fits."""
    if data_format not in NORMAL:
        return "A020" if visit_type in COUNTED else ""
    return "0012" if visit_type in COUNTED else {"AC": "IC01"}.get(visit_type, "")


def lean(visit_type: str, data_format: Format) -> IcRecord:
    """A record with one order line and only what is required of both."""
    tags = [tag for tag in TAGS if mark_of(tag, visit_type, data_format) == "V" and tag != "A23"]
    order = {_ORDER_NAMES[tag]: VALUES[tag] for tag in tags if tag in _ORDER_NAMES}
    record = {_RECORD_NAMES[tag]: VALUES[tag] for tag in tags if tag in _RECORD_NAMES}
    return msgspec.convert(
        {
            **record,
            "data_format": data_format,
            "visit_type": visit_type,
            "sequence_no": number_for(visit_type, data_format),
            "orders": [order],
        },
        IcRecord,
    )


def with_values(record: IcRecord, **values: str) -> IcRecord:
    """The record with elements changed, by tag; those of the order go to its first line. Empty takes one away."""
    of_record = {_RECORD_NAMES[tag]: value for tag, value in values.items() if tag in _RECORD_NAMES}
    of_order = {_ORDER_NAMES[tag]: value for tag, value in values.items() if tag in _ORDER_NAMES}
    first, *rest = record.orders or (IcOrder(time="", order_type="", code=""),)
    orders = (msgspec.structs.replace(first, **of_order), *rest) if of_order else record.orders
    return msgspec.structs.replace(record, **of_record, orders=orders)
