"""就醫序號: which form a visit's number may have (nhi-domain §3.1, §4.1; row N09)."""

from __future__ import annotations

import re

COUNTED_VISIT_TYPES = frozenset({"01", "02", "03", "04", "05", "06", "07", "08", "09"})
PREVENTION_VISIT_TYPE = "AC"

# fmt: off
ABNORMAL_CODES = frozenset(
    {
        "A000", "A001", "A010", "A011", "A020", "A021", "A030", "A031", "B000", "B001", "C000",
        "C001", "C002", "C003", "D000", "D001", "D010", "D011", "E000", "E001", "F000", "F00B",
        "G000", "H000", "Z000", "Z001", "IC89", "IC98", "IC09", "IC06", "IC08", "HVIT", "CV19",
        "FORE", "TM01", "J000", "ICND", "MSPT", "ICC4",
    }
)
# fmt: on
"""異常就醫序號 (nhi-domain §4.1)."""

OFFLINE_RECOGNITION = "F00B"

_CARD_NUMBER = re.compile(r"[0-9]{4}")
_PREVENTION = re.compile(r"IC[0-9A-Z]{2}")
_VIRTUAL = re.compile(r"V[0-9A-Z]{3}")
_PHOTO = re.compile(r"M[0-9A-Z]{3}")


def is_card_number(number: str) -> bool:
    """0001 to 1500, as a card and its data centre count them."""
    return _CARD_NUMBER.fullmatch(number) is not None and 1 <= int(number) <= 1500


def is_prevention_code(number: str) -> bool:
    return _PREVENTION.fullmatch(number) is not None


def is_virtual_card_number(number: str) -> bool:
    """V and three more (S3 L60 shows V001; no more than the prefix is public)."""
    return _VIRTUAL.fullmatch(number) is not None


def is_photo_number(number: str) -> bool:
    """M and three more (only the prefix is public, S1 L330)."""
    return _PHOTO.fullmatch(number) is not None
