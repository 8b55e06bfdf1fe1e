"""Fields of the IC-card upload, format 1.0, and which visit types need which (nhi-domain §3.1; UP-1.0)."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Rule = Literal["required", "optional", "forbidden"]


class Field(msgspec.Struct, frozen=True):
    """``form`` is what a value must look like; ``length`` its limit in characters."""

    length: int
    form: re.Pattern[str]


_TEXT = re.compile(r"\S(?:.*\S)?", re.DOTALL)
_DIGITS = re.compile(r"[0-9]+")
_SIGNED = re.compile(r"-?[0-9]+")
_QUANTITY = re.compile(r"[0-9]{1,5}(?:\.[0-9])?")
_DATE = re.compile(r"[0-9]{7}")
_TIME = re.compile(r"[0-9]{13}")

HEAD = {"A00": Field(1, _DIGITS), "A01": Field(1, _DIGITS), "A02": Field(3, _TEXT)}

VISIT = {
    "A11": Field(12, re.compile(r"[0-9]{12}")),
    "A12": Field(10, re.compile(r"[A-Z][A-D1289][0-9]{8}")),
    "A13": Field(7, _DATE),
    "A14": Field(10, re.compile(r"[0-9A-Z]{10}")),
    "A15": Field(10, re.compile(r"[A-Z][A-D1289][0-9]{8}")),
    "A16": Field(12, re.compile(r"[0-9A-Z]{12}")),
    "A17": Field(13, _TIME),
    "A18": Field(4, re.compile(r"[0-9A-Z]{4}")),
    "A19": Field(1, re.compile(r"[12]")),
    "A20": Field(7, _DATE),
    "A21": Field(1, re.compile(r"[1-9]")),
    # The field table says 128; the call that replaced the old one gives 256 (same source).
    "A22": Field(256, _TEXT),
    "A23": Field(2, re.compile(r"[0-9A-Z]{2}")),
    "A24": Field(1, re.compile(r"[A-Za-z]")),
    **{f"A{number}": Field(9, re.compile(r"[A-Z][0-9A-Z.]*")) for number in range(25, 31)},
    "A31": Field(8, _SIGNED),
    "A32": Field(8, _DIGITS),
    "A33": Field(8, _DIGITS),
    "A34": Field(7, _DIGITS),
    "A35": Field(7, _DIGITS),
    "A41": Field(2, re.compile(r"0[1-8]")),
    "A42": Field(7, _DATE),
    "A43": Field(10, re.compile(r"[0-9A-Z]{10}")),
    "A44": Field(2, _TEXT),
    "A51": Field(7, _DATE),
    "A52": Field(10, re.compile(r"[0-9A-Z]{10}")),
    "A53": Field(2, _TEXT),
    "A54": Field(7, _DATE),
}

ORDER = {
    "A71": Field(13, _TIME),
    "A72": Field(1, re.compile(r"[1-5A-EGHJK]")),
    "A73": Field(12, re.compile(r"[0-9A-Z]+")),
    "A74": Field(6, _TEXT),
    "A75": Field(18, _TEXT),
    "A76": Field(2, _DIGITS),
    "A77": Field(7, _QUANTITY),
    "A78": Field(2, re.compile(r"0[1-6]")),
    "A79": Field(40, _TEXT),
    "A80": Field(1, re.compile(r"[ND]")),
    "A81": Field(200, _TEXT),
}

VISIT_TYPES = frozenset(
    {
        *("00", "01", "02", "03", "04", "05", "06", "07", "08", "09"),
        *("AA", "AB", "AC", "AD", "AE", "AF", "AG", "AH", "AI", "AJ", "AK"),
        *("BA", "BB", "BC", "BD", "BE", "BF", "BG", "CA", "DA", "DB", "DC", "EA"),
    }
)
"""就醫類別 that this portal takes; the two that cancel, ZA and ZB, are not among them."""

ORDERED_TYPES = frozenset({"AE", "AF", "AG"})
"""Visit types that exist for an order, so that one is required (with BC, Y012; BC is an inpatient's)."""

_ALWAYS = ("A12", "A13", "A14", "A15", "A17", "A19", "A23")
_FROM_CARD = ("A11", "A16", "A22")
_NEWBORN = ("A20", "A21", "A24")
_OUTPATIENT = frozenset({"01", "02", "03", "06", "07", "08", "09"})
_IN_COURSE = frozenset({"AA", "AB", "AD", "AE", "AF", "AG", "AH"})


def visit_rules(visit_type: str, *, normal: bool) -> dict[str, Rule]:
    """Which fields of ``MB1`` a record must or must not have; the others are optional.

    A18 is judged by value, in the record's own checks.
    """
    rules: dict[str, Rule] = dict.fromkeys(_ALWAYS, "required")
    rules |= dict.fromkeys(_FROM_CARD, "required" if normal else "forbidden")
    if visit_type in _OUTPATIENT:
        rules |= dict.fromkeys(("A25", "A31", "A32"), "required")
    elif visit_type == "04":
        rules["A25"] = "required"
    elif visit_type == "05":
        rules |= dict.fromkeys(("A31", "A32"), "forbidden")
    elif visit_type in _IN_COURSE:
        rules |= dict.fromkeys(("A25", "A31"), "required")
    elif visit_type == "AC":
        rules["A31"] = "required"
    if visit_type in {"AD", "AE"}:
        rules["A32"] = "required"
    if visit_type == "AD":
        rules |= dict.fromkeys(_NEWBORN, "forbidden")
    return rules


def order_rules(visit_type: str, order_type: str, *, normal: bool) -> dict[str, Rule]:
    """Which fields of one ``MB2`` must or must not be there."""
    rules: dict[str, Rule] = {"A71": "required", "A72": "required", "A73": "required"}
    if order_type in {"1", "2", "A", "B"}:
        rules |= dict.fromkeys(("A75", "A76"), "required")
    if visit_type in {"AE", "AF"}:
        rules |= dict.fromkeys(("A75", "A76", "A77", "A78"), "required")
    if visit_type == "AG":
        rules |= dict.fromkeys(("A77", "A78"), "required")
    if not normal:
        rules["A79"] = "forbidden"
    return rules


HANDOVER = {
    **dict.fromkeys(("1", "A"), frozenset({"01", "02"})),
    **dict.fromkeys(("2", "B"), frozenset({"05", "06"})),
    **dict.fromkeys(("3", "4", "5", "C", "D", "E"), frozenset({"03", "04"})),
}
"""交付處方註記 (A78) that fits an order type (A72)."""
