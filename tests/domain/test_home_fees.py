"""Home-care fees, time bands and child loading (nhi-domain §4.9)."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.domain.home_fees import (
    HOME_FEES,
    Band,
    Care,
    HomeFee,
    Performer,
    band_at,
    child_percentage,
    emergency_band,
    monthly_cap,
    visit_fee,
)
from visitbridge.domain.roc import TAIPEI

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """In November 2026; the 22nd is a Sunday."""
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=TAIPEI)


def is_holiday(day: dt.date) -> bool:
    return day == dt.date(2026, 11, 22)


def code_and_points(fee: HomeFee | None) -> tuple[str, int]:
    assert fee is not None
    return fee.code, fee.points


@pytest.mark.parametrize(
    ("performer", "care", "home", "remote"),
    [
        (Performer.DOCTOR, Care.HOME, ("05307C", 1631), ("05308C", 2154)),
        (Performer.DOCTOR, Care.HOSPICE_A, ("05312C", 1631), ("05323C", 2154)),
        (Performer.DOCTOR, Care.HOSPICE_B, ("05336C", 1142), ("05337C", 1507)),
        (Performer.CHINESE_MEDICINE, Care.HOME, ("P5408C", 1631), ("P5409C", 2154)),
        (Performer.RESPIRATORY, Care.NON_INVASIVE, ("P5401C", 1103), ("P5402C", 1455)),
        (Performer.RESPIRATORY, Care.INVASIVE, ("P5403C", 1528), ("P5404C", 2017)),
        (Performer.PHARMACIST, Care.HOME, ("P5411C", 1155), ("P5412C", 1525)),
        (Performer.COUNSELLOR, Care.HOME, ("05315C", 1103), ("P5405C", 1455)),
    ],
)
def test_fees(performer: Performer, care: Care, home: tuple[str, int], remote: tuple[str, int]) -> None:
    assert code_and_points(visit_fee(performer, care)) == home
    assert code_and_points(visit_fee(performer, care, remote=True)) == remote


@pytest.mark.parametrize(
    ("group", "home", "remote"),
    [
        (1, ("05301C", 1103), ("05302C", 1455)),
        (2, ("05303C", 1528), ("05304C", 2017)),
        (3, ("05305C", 1843), ("05306C", 2433)),
        (4, ("05321C", 2158), ("05322C", 2849)),
    ],
)
def test_a_nurse_is_paid_by_resource_group(
    group: int, home: tuple[str, int], remote: tuple[str, int]
) -> None:
    assert code_and_points(visit_fee(Performer.NURSE, group=group)) == home
    assert code_and_points(visit_fee(Performer.NURSE, group=group, remote=True)) == remote


@pytest.mark.parametrize(
    ("care", "stay", "home", "remote"),
    [
        (Care.HOSPICE_A, HOUR, ("05313C", 1733), ("05324C", 2287)),
        (Care.HOSPICE_A, HOUR + MINUTE, ("05314C", 2363), ("05325C", 3119)),
        (Care.HOSPICE_B, HOUR, ("05338C", 1213), ("05339C", 1601)),
        (Care.HOSPICE_B, HOUR + MINUTE, ("05340C", 1654), ("05341C", 2184)),
    ],
)
def test_a_nurse_in_hospice_is_paid_by_the_hour(
    care: Care, stay: dt.timedelta, home: tuple[str, int], remote: tuple[str, int]
) -> None:
    assert code_and_points(visit_fee(Performer.NURSE, care, stay=stay)) == home
    assert code_and_points(visit_fee(Performer.NURSE, care, stay=stay, remote=True)) == remote


@pytest.mark.parametrize(
    ("performer", "care"),
    [
        (Performer.NURSE, Care.HOME),
        (Performer.NURSE, Care.HOSPICE_A),
        (Performer.PHARMACIST, Care.HOSPICE_A),
    ],
)
def test_no_fee_is_guessed(performer: Performer, care: Care) -> None:
    assert visit_fee(performer, care) is None


def test_no_code_stands_for_two_fees() -> None:
    assert len({fee.code for fee in HOME_FEES}) == len(HOME_FEES)


@pytest.mark.parametrize(
    ("moment", "band"),
    [
        (at(23, 7, 59), Band.NIGHT),
        (at(23, 8), Band.DAY),
        (at(23, 16, 59), Band.DAY),
        (at(23, 17), Band.EVENING),
        (at(23, 21, 59), Band.EVENING),
        (at(23, 22), Band.NIGHT),
        (at(22, 12), Band.HOLIDAY),
        (at(22, 18), Band.EVENING),
        (dt.datetime(2026, 11, 23, 0, 0, tzinfo=dt.UTC), Band.DAY),
    ],
)
def test_bands_by_the_clock_of_taipei(moment: dt.datetime, band: Band) -> None:
    assert band_at(moment, is_holiday=is_holiday) is band


@pytest.mark.parametrize(
    ("arrived_at", "departed_at", "band"),
    [
        (at(23, 16), at(23, 17, 30), Band.DAY),
        (at(23, 16), at(23, 17, 31), Band.EVENING),
        # The dearer band of arrival stays.
        (at(23, 7, 50), at(23, 9), Band.NIGHT),
        (at(23, 21), at(23, 22, 30), Band.EVENING),
        (at(23, 21), at(23, 22, 31), Band.NIGHT),
        # 20 minutes of evening would not do, five hours of evening and night do.
        (at(23, 16, 50), at(23, 22, 20), Band.EVENING),
        (at(22, 9), at(22, 10), Band.HOLIDAY),
        (at(21, 23), at(22, 0, 30), Band.NIGHT),
    ],
)
def test_more_than_half_an_hour_in_a_dearer_band(
    arrived_at: dt.datetime, departed_at: dt.datetime, band: Band
) -> None:
    assert emergency_band(arrived_at, departed_at, is_holiday=is_holiday) is band


@given(start=st.integers(0, 7 * 24 * 60), minutes=st.integers(0, 600))
def test_staying_longer_never_costs_less(start: int, minutes: int) -> None:
    arrived_at = at(20, 0) + start * MINUTE
    shorter = emergency_band(arrived_at, arrived_at + minutes * MINUTE, is_holiday=is_holiday)
    longer = emergency_band(arrived_at, arrived_at + (minutes + 1) * MINUTE, is_holiday=is_holiday)
    assert band_at(arrived_at, is_holiday=is_holiday) <= shorter <= longer


@pytest.mark.parametrize("departed_at", [at(23, 9, 59), at(24, 10, 1)])
def test_an_impossible_stay_is_refused(departed_at: dt.datetime) -> None:
    with pytest.raises(ValueError, match="within a day"):
        emergency_band(at(23, 10), departed_at, is_holiday=is_holiday)


def test_a_naive_moment_lies_in_no_band() -> None:
    with pytest.raises(ValueError, match="naive"):
        band_at(at(23, 10).replace(tzinfo=None), is_holiday=is_holiday)


@pytest.mark.parametrize(
    ("birth_date", "percentage"),
    [
        (dt.date(2026, 11, 22), 160),
        (dt.date(2026, 5, 23), 160),
        (dt.date(2026, 5, 22), 130),
        (dt.date(2024, 11, 23), 130),
        (dt.date(2024, 11, 22), 120),
        (dt.date(2019, 11, 23), 120),
        (dt.date(2019, 11, 22), 100),
    ],
)
def test_children_weigh_more(birth_date: dt.date, percentage: int) -> None:
    assert child_percentage(birth_date, dt.date(2026, 11, 22)) == percentage


def test_nobody_is_born_after_the_visit() -> None:
    with pytest.raises(ValueError, match="born"):
        child_percentage(dt.date(2026, 11, 23), dt.date(2026, 11, 22))


@pytest.mark.parametrize(
    ("performer", "hospice_only", "approved_specialist", "cap"),
    [
        (Performer.DOCTOR, False, False, 180),
        (Performer.DOCTOR, False, True, 240),
        (Performer.NURSE, False, False, 100),
        (Performer.NURSE, True, False, 45),
        (Performer.RESPIRATORY, False, False, 60),
        (Performer.PHARMACIST, False, False, 45),
        (Performer.COUNSELLOR, False, False, 45),
    ],
)
def test_monthly_caps(
    performer: Performer, cap: int, *, hospice_only: bool, approved_specialist: bool
) -> None:
    assert monthly_cap(performer, hospice_only=hospice_only, approved_specialist=approved_specialist) == cap
