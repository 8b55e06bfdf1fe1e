"""Which elements a format 1.0 record must, may and must not have (UP-1.0, the V/*/~ table; nhi-domain §3.1).

Transcribed row by row. The portal reads the same source on its own; neither knows the other's table.
"""

from __future__ import annotations

import enum
from typing import Final

from visitbridge.domain.visit_types import CANCELLING, COUNTED, PREVENTION, UNCLEAR, UNCOUNTED


class Presence(enum.Enum):
    """The three marks of the table."""

    REQUIRED = "V"
    OPTIONAL = "*"
    ABSENT = "~"


VISIT_TYPES: Final = COUNTED | UNCOUNTED | CANCELLING | {PREVENTION, UNCLEAR}

_COLUMNS: Final = (
    # Dialysis (09) came after the source and takes a number as these do (B).
    frozenset({"01", "02", "03", "06", "07", "08", "09"}),
    frozenset({"04"}),
    frozenset({"AA", "AB", "AD", "AE", "AF", "AG", "AH", "AI"}),
    frozenset({PREVENTION}),
)
_ELSEWHERE: Final = len(_COLUMNS)
"""Types that the table has no column for: what holds everywhere holds there too, the rest is free."""

_ROWS: Final = {
    **dict.fromkeys(("A11", "A16", "A22"), "VVVVV"),
    **dict.fromkeys(("A12", "A13", "A14", "A15", "A17", "A19", "A23"), "VVVVV"),
    "A25": "VVV**",
    "A31": "V*VV*",
    "A32": "V****",
    **dict.fromkeys(("A75", "A76", "A77", "A78"), "*****"),
    # A line without these says nothing; where the table has a star it is the line itself that may be missing.
    **dict.fromkeys(("A71", "A72", "A73"), "VVVVV"),
    "A79": "VVVVV",
}
_EXCEPTIONS: Final = {
    ("A25", "AI"): "*",
    ("A31", "AI"): "*",
    ("A31", "05"): "~",
    ("A32", "05"): "~",
    ("A32", "AD"): "V",
    ("A32", "AE"): "V",
    **{(tag, "AD"): "~" for tag in ("A20", "A21", "A24")},
    **{(tag, kind): "V" for tag in ("A75", "A76") for kind in ("AE", "AF")},
    **{(tag, kind): "V" for tag in ("A77", "A78") for kind in ("AE", "AF", "AG")},
}
_FROM_CARD: Final = frozenset({"A11", "A16", "A22", "A79"})
"""Come from card, SAM and reader; an abnormal record (A01 = 2, 4) has none of them."""

TYPES_WITH_ORDERS: Final = frozenset({"AE", "AF", "AG"})
"""Visits that are made for an order, so that one is required (Y012)."""


def presence(tag: str, visit_type: str, *, from_card: bool) -> Presence:
    """The mark of an element. ``from_card``: A01 is 1 or 3. A18 depends on its value and is not judged here."""
    if not from_card and tag in _FROM_CARD:
        return Presence.ABSENT
    mark = _EXCEPTIONS.get((tag, visit_type))
    if mark is None:
        mark = _ROWS.get(tag, "*****")[_column(visit_type)]
    return Presence(mark)


def _column(visit_type: str) -> int:
    return next((place for place, types in enumerate(_COLUMNS) if visit_type in types), _ELSEWHERE)
