"""就醫類別: the month's first visit and those after it (N09, H19, H20; nhi-domain §4.2, §4.9)."""

from __future__ import annotations

import datetime as dt

import pytest

from visitbridge.domain.roc import TAIPEI
from visitbridge.domain.visit import Identification
from visitbridge.domain.visit_types import (
    ABNORMAL_NUMBERS,
    CANCELLING,
    COUNTED,
    NUMBER_WAS_TAKEN,
    UNCLEAR,
    UNCOUNTED,
    EarlierVisit,
    first_of_course,
    suggested_type,
    wants_physical_card,
)


def at(month: int, day: int, hour: int = 10) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, tzinfo=TAIPEI)


def visit(
    moment: dt.datetime,
    number: str,
    identification: Identification = Identification.CARD,
    visit_type: str = "01",
) -> EarlierVisit:
    return EarlierVisit(visit_at=moment, visit_type=visit_type, identification=identification, number=number)


PHYSICAL = visit(at(11, 3), "0012")
VIRTUAL = visit(at(11, 5), "V001", Identification.VIRTUAL_CARD)
NOW = at(11, 20)


@pytest.mark.parametrize(
    ("earlier", "visit_type"),
    [
        ((), "01"),
        ((PHYSICAL,), "AH"),
        ((visit(at(10, 31), "0011"),), "01"),
        # 23:30 on 31 October in UTC is November in Taipei.
        ((visit(dt.datetime(2026, 10, 31, 23, 30, tzinfo=dt.UTC), "0011"),), "AH"),
        ((visit(at(11, 3), "0012", visit_type="02"),), "01"),
        ((visit(at(11, 3), "", visit_type="AH"),), "01"),
        ((visit(at(11, 3), "F00B", Identification.CARD_OFFLINE),), "AH"),
        ((visit(at(11, 25), "0013"),), "01"),
        ((VIRTUAL,), "01"),
    ],
)
def test_H20_second_and_later_visits_of_a_month_are_ah(
    earlier: tuple[EarlierVisit, ...], visit_type: str
) -> None:
    suggested = suggested_type(earlier, sector="01", visit_at=NOW, identification=Identification.CARD)
    assert suggested == visit_type


@pytest.mark.parametrize(
    ("identification", "number"),
    [
        (Identification.CARD, "0012"),
        (Identification.CARD_OFFLINE, "0012"),
        (Identification.VIRTUAL_CARD, "V001"),
    ],
)
def test_H20_two_physical_and_two_virtual_visits_are_two_courses(
    identification: Identification, number: str
) -> None:
    month = (
        VIRTUAL,
        visit(at(11, 8), "0013"),
        PHYSICAL,
        visit(at(11, 9), "V002", Identification.VIRTUAL_CARD),
    )
    first = first_of_course(month, sector="01", visit_at=NOW, identification=identification)
    assert first is not None
    assert first.number == number


@pytest.mark.parametrize("visit_type", ["04", "AC", "AE"])
def test_other_types_stay_what_they_are(visit_type: str) -> None:
    suggested = suggested_type(
        (PHYSICAL,), sector=visit_type, visit_at=NOW, identification=Identification.CARD
    )
    assert suggested == visit_type


@pytest.mark.parametrize(("visit_type", "physical"), [("AC", True), ("01", False), ("AH", False)])
def test_H19_preventive_care_wants_the_physical_card(visit_type: str, *, physical: bool) -> None:
    assert wants_physical_card(visit_type) is physical


def test_every_type_has_one_rule_for_numbers() -> None:
    groups = (COUNTED, UNCOUNTED, {"AC", UNCLEAR}, CANCELLING)
    assert len(frozenset().union(*groups)) == sum(map(len, groups)) == 35


def test_N09_taken_numbers_are_abnormal_ones() -> None:
    assert NUMBER_WAS_TAKEN < ABNORMAL_NUMBERS
    assert "F00B" in ABNORMAL_NUMBERS - NUMBER_WAS_TAKEN
