"""How long and how often a prescription may be dispensed (nhi-domain §4.6)."""

from __future__ import annotations

import datetime as dt

import pytest

from visitbridge.domain.dispensing import (
    PrescriptionKind,
    check_fills,
    check_may_repeat,
    last_valid_day,
    next_fill_on,
)
from visitbridge.domain.visit import Identification
from visitbridge.errors import FieldInvalid

ISSUED_ON = dt.date(2026, 11, 1)


@pytest.mark.parametrize(
    ("kind", "days", "fills"),
    [
        (PrescriptionKind.ORDINARY, 7, 1),
        (PrescriptionKind.CHRONIC, 31, 1),
        (PrescriptionKind.REPEAT, 30, 3),
        (PrescriptionKind.REPEAT, 22, 4),
        (PrescriptionKind.SCHEDULED_TEST, 0, 1),
    ],
)
def test_M13_allowed_fills(kind: PrescriptionKind, days: int, fills: int) -> None:
    check_fills(kind, days, fills, "orders[0]")


@pytest.mark.parametrize(
    ("kind", "days", "fills", "field"),
    [
        (PrescriptionKind.ORDINARY, 8, 1, "orders[0].days"),
        (PrescriptionKind.ORDINARY, 0, 1, "orders[0].days"),
        (PrescriptionKind.ORDINARY, 7, 2, "orders[0].refills"),
        (PrescriptionKind.CHRONIC, 32, 1, "orders[0].days"),
        (PrescriptionKind.CHRONIC, 30, 2, "orders[0].refills"),
        (PrescriptionKind.REPEAT, 30, 1, "orders[0].refills"),
        (PrescriptionKind.REPEAT, 15, 5, "orders[0].refills"),
        (PrescriptionKind.REPEAT, 31, 3, "orders[0].refills"),
    ],
)
def test_M13_refused_fills_name_the_field(kind: PrescriptionKind, days: int, fills: int, field: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        check_fills(kind, days, fills, "orders[0]")
    assert caught.value.field == field


@pytest.mark.parametrize("controlled_class", [None, 3, 4])
def test_M10_others_may_repeat(controlled_class: int | None) -> None:
    check_may_repeat(Identification.CARD, controlled_class, "orders[0]")


@pytest.mark.parametrize(
    ("identification", "controlled_class"),
    [
        (Identification.CARD, 1),
        (Identification.CARD, 2),
        (Identification.NO_CARD, None),
        (Identification.PHOTO, None),
        (Identification.ABNORMAL, None),
    ],
)
def test_M10_no_repeat_prescription(identification: Identification, controlled_class: int | None) -> None:
    with pytest.raises(FieldInvalid) as caught:
        check_may_repeat(identification, controlled_class, "orders[0]")
    assert caught.value.field == "orders[0].chronic"


@pytest.mark.parametrize(
    ("kind", "last_day"),
    [
        (PrescriptionKind.ORDINARY, dt.date(2026, 11, 3)),
        (PrescriptionKind.CHRONIC, dt.date(2026, 11, 3)),
        (PrescriptionKind.REHABILITATION, dt.date(2026, 11, 30)),
        (PrescriptionKind.SCHEDULED_TEST, dt.date(2027, 4, 29)),
    ],
)
def test_the_day_of_issue_is_the_first_valid_one(kind: PrescriptionKind, last_day: dt.date) -> None:
    assert last_valid_day(kind, ISSUED_ON) == last_day


def test_a_repeat_prescription_is_good_until_its_last_dose() -> None:
    last_dose_on = dt.date(2027, 1, 29)
    assert last_valid_day(PrescriptionKind.REPEAT, ISSUED_ON, last_dose_on=last_dose_on) == last_dose_on


def test_a_repeat_prescription_needs_its_last_dose() -> None:
    with pytest.raises(ValueError, match="last dose"):
        last_valid_day(PrescriptionKind.REPEAT, ISSUED_ON)


def test_the_next_fill_does_not_count_the_end() -> None:
    assert next_fill_on(dt.date(2026, 10, 30)) == dt.date(2026, 10, 20)
