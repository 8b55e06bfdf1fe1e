"""餘藥 (M17): the worked examples of nhi-domain §7.2."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.domain.remaining_days import (
    Fill,
    group_of,
    is_duplicate,
    is_measured,
    remaining_days,
    supplies,
)
from visitbridge.errors import FieldInvalid


def day(month: int, of_month: int) -> dt.date:
    return dt.date(2026, month, of_month)


def fill(
    month: int,
    of_month: int,
    days: int = 30,
    *,
    case_type: str = "",
    frequency: str = "",
    virtual_orders: tuple[str, ...] = (),
) -> Fill:
    return Fill(
        fetched_on=day(month, of_month),
        days=days,
        case_type=case_type,
        frequency=frequency,
        virtual_orders=virtual_orders,
    )


FIRST = fill(6, 1)


def test_M17_a_supply_counts_both_ends() -> None:
    (supply,) = supplies([FIRST])
    assert (supply.start_on, supply.end_on) == (day(6, 1), day(6, 30))


@pytest.mark.parametrize(
    ("second", "start_on", "end_on", "next_fill_on"),
    [
        (fill(6, 25), day(7, 1), day(7, 30), day(7, 20)),
        (fill(7, 5), day(7, 5), day(8, 3), day(7, 24)),
    ],
)
def test_M17_worked_examples(second: Fill, start_on: dt.date, end_on: dt.date, next_fill_on: dt.date) -> None:
    supply = supplies([second, FIRST])[1]
    assert (supply.start_on, supply.end_on, supply.next_fill_on) == (start_on, end_on, next_fill_on)


@pytest.mark.parametrize(
    ("on", "left", "duplicate"),
    [
        (day(10, 19), 11, True),
        (day(10, 20), 10, False),
        (day(10, 30), 0, False),
        (day(11, 5), 0, False),
    ],
)
def test_M17_the_day_of_the_end_is_not_counted(on: dt.date, left: int, *, duplicate: bool) -> None:
    (supply,) = supplies([fill(10, 1)])
    assert (remaining_days(supply, on), is_duplicate(supply, on)) == (left, duplicate)


@pytest.mark.parametrize(
    ("code", "start_on"),
    [
        ("R001", day(7, 1)),
        ("R002", day(7, 1)),
        ("R003", day(6, 25)),
        ("R004", day(7, 1)),
        ("R005", day(6, 25)),
        ("R006", day(7, 1)),
        ("R007", day(6, 25)),
        ("R008", day(7, 1)),
    ],
)
def test_M18_some_virtual_orders_begin_the_count_anew(code: str, start_on: dt.date) -> None:
    assert supplies([FIRST, fill(6, 25, virtual_orders=(code,))])[1].start_on == start_on


@pytest.mark.parametrize(
    ("left_out", "kept"),
    [
        (fill(6, 1, days=13), fill(6, 1, days=14)),
        (fill(6, 1, case_type="02"), fill(6, 1, case_type="04")),
        (fill(6, 1, case_type="A2"), fill(6, 1, case_type="A1")),
        (fill(6, 1, frequency="TIDPRN"), fill(6, 1, frequency="TID")),
        (fill(6, 1, frequency="STAT"), fill(6, 1, frequency="QD")),
        (fill(6, 1, frequency="ASORDER"), fill(6, 1, frequency="HS")),
    ],
)
def test_M17_what_the_rule_leaves_out(left_out: Fill, kept: Fill) -> None:
    assert (is_measured(left_out), is_measured(kept), supplies([left_out])) == (False, True, ())


def test_a_negative_supply_is_refused() -> None:
    with pytest.raises(FieldInvalid) as caught:
        supplies([fill(6, 1, days=-1)])
    assert caught.value.field == "days"


@pytest.mark.parametrize(
    ("classification", "group"),
    [
        ("METFORMIN, 一般錠劑膠囊劑, 500 MG", "METFORMIN, 一般錠劑膠囊劑"),
        ("METFORMIN", "METFORMIN"),
    ],
)
def test_fills_are_grouped_without_the_strength(classification: str, group: str) -> None:
    assert group_of(classification) == group


@given(
    fills=st.lists(
        st.builds(
            Fill,
            fetched_on=st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)),
            days=st.integers(14, 31),
        )
    )
)
def test_supplies_follow_each_other_and_lose_no_day(fills: list[Fill]) -> None:
    found = supplies(fills)
    assert all(before.end_on < after.start_on for before, after in itertools.pairwise(found))
    assert all(supply.start_on >= supply.fill.fetched_on for supply in found)
    assert sum((supply.end_on - supply.start_on).days + 1 for supply in found) == sum(
        fill.days for fill in fills
    )
