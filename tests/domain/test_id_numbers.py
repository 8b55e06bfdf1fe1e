"""Check digits: vectors of nhi-domain §8.1, and the published list of institutions where it is at hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.domain.id_numbers import (
    IdKind,
    id_check_digit_holds,
    id_kind,
    institution_check_digit_holds,
)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("A123456789", IdKind.NATIONAL),
        ("A123456823", IdKind.NATIONAL),
        ("A800000014", IdKind.RESIDENT),
        ("A930196810", IdKind.RESIDENT),
        ("AC01234567", IdKind.RESIDENT_OLD),
        ("AA00000009", IdKind.RESIDENT_OLD),
    ],
)
def test_published_numbers_hold(number: str, kind: IdKind) -> None:
    assert (id_kind(number), id_check_digit_holds(number)) == (kind, True)


def test_a_synthetic_number_has_its_kind_but_no_valid_digit() -> None:
    assert (id_kind("A123456788"), id_check_digit_holds("A123456788")) == (IdKind.NATIONAL, False)


@pytest.mark.parametrize("number", ["", "A12345678", "A1234567890", "a123456789", "A323456789", "AE01234567"])
def test_other_forms_are_of_no_kind(number: str) -> None:
    assert (id_kind(number), id_check_digit_holds(number)) == (None, False)


@given(number=st.from_regex(r"[A-Z][12][0-9]{7}", fullmatch=True))
def test_of_ten_last_digits_exactly_one_holds(number: str) -> None:
    assert sum(id_check_digit_holds(f"{number}{digit}") for digit in range(10)) == 1


@pytest.mark.parametrize(
    ("code", "holds"),
    [
        # 1×3 + 2×5 + 3×0 + 4×1 + 5×2 = 27
        ("3501200007", True),
        ("3501200000", False),
        # A published hospital that fails its own digit.
        ("0101090517", False),
        # J and Y count as 19 and 34: 19 + 2×34 = 87
        ("JY00000007", True),
        ("350120000", False),
        ("350120000A", False),
    ],
)
def test_institution_check_digit(code: str, *, holds: bool) -> None:
    assert institution_check_digit_holds(code) is holds
