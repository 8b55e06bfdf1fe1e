"""就醫類別 and the numbers that go with them (nhi-domain §4.1, §4.2, §4.9; H19, H20, N09)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable
from typing import Final

import msgspec

from visitbridge.domain.roc import TAIPEI
from visitbridge.domain.visit import Identification

COUNTED: Final = frozenset({"01", "02", "03", "04", "05", "06", "07", "08", "09"})
"""Types that take a number from the card; 09 has done so since 2022 (B)."""
PREVENTION: Final = "AC"
HOME_FOLLOW_UP: Final = "AH"
"""居家照護（第二次以後）: needs no new number."""
UNCOUNTED: Final = frozenset(
    {
        *("AA", "AB", "AD", "AE", "AF", "AG", "AH", "AI", "AJ", "AK"),
        *("BA", "BB", "BC", "BD", "BE", "BF", "BG", "CA", "DA", "DB", "DC", "EA"),
    }
)
UNCLEAR: Final = "00"
"""指定就醫: whether it takes a number is not public."""
CANCELLING: Final = frozenset({"ZA", "ZB"})

FIRST_OF_SECTOR: Final = frozenset({"01", "02", "03"})
"""Western medicine, dentistry, Chinese medicine: each has its own first visit of the month."""

# fmt: off
ABNORMAL_NUMBERS: Final = frozenset(
    {
        "A000", "A001", "A010", "A011", "A020", "A021", "A030", "A031", "B000", "B001", "C000",
        "C001", "C002", "C003", "D000", "D001", "D010", "D011", "E000", "E001", "F000", "F00B",
        "G000", "H000", "Z000", "Z001", "IC89", "IC98", "IC09", "IC06", "IC08", "HVIT", "CV19",
        "FORE", "TM01", "J000", "ICND", "MSPT", "ICC4",
    }
)
# fmt: on
"""異常就醫序號: why there is no number from the card."""
NUMBER_WAS_TAKEN: Final = frozenset({"A001", "A011", "A021", "A031", "B001", "D001", "D011", "Z001"})
"""Those of them that say the card's number had been taken before things went wrong: repairing the record later only
sets totals right and takes no further number (UP-1.0)."""


class CardKind(enum.StrEnum):
    """Physical and virtual cards are claimed as separate courses (H20, HH-QA 41)."""

    PHYSICAL = "physical"
    VIRTUAL = "virtual"


class EarlierVisit(msgspec.Struct, frozen=True, kw_only=True):
    """A visit of the same patient to the same institution. ``number`` is empty while it has none."""

    visit_at: dt.datetime
    visit_type: str
    identification: Identification
    number: str = ""


def card_kind(identification: Identification) -> CardKind:
    """Photos and visits without a card belong with the physical card they stand in for (D)."""
    virtual = identification is Identification.VIRTUAL_CARD
    return CardKind.VIRTUAL if virtual else CardKind.PHYSICAL


def first_of_course(
    earlier: Iterable[EarlierVisit], *, sector: str, visit_at: dt.datetime, identification: Identification
) -> EarlierVisit | None:
    """The visit that opened this month's course, whose number the whole course is claimed under; None if none did.

    ``sector``: 01, 02 or 03. A course is one calendar month in Taipei, one sector, one kind of card.
    """
    local = visit_at.astimezone(TAIPEI)
    month = (local.year, local.month)
    candidates = (
        visit
        for visit in earlier
        if visit.visit_type == sector
        and card_kind(visit.identification) is card_kind(identification)
        and _month(visit.visit_at) == month
        and visit.visit_at < visit_at
    )
    return min(candidates, key=lambda visit: visit.visit_at, default=None)


def suggested_type(
    earlier: Iterable[EarlierVisit], *, sector: str, visit_at: dt.datetime, identification: Identification
) -> str:
    """``sector`` itself for the month's first visit, AH afterwards. Other types are never changed."""
    if sector not in FIRST_OF_SECTOR:
        return sector
    first = first_of_course(earlier, sector=sector, visit_at=visit_at, identification=identification)
    return sector if first is None else HOME_FOLLOW_UP


def wants_physical_card(visit_type: str) -> bool:
    """Adult preventive care is not taken with a virtual card (H19); vaccination has no visit type of its own."""
    return visit_type == PREVENTION


def _month(moment: dt.datetime) -> tuple[int, int]:
    local = moment.astimezone(TAIPEI)
    return local.year, local.month
