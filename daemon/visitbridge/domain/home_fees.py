"""Fees of home visits and what raises them (HH-PLAN 2026-03-18; nhi-domain §4.9). Points, not dollars."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable
from typing import Final

import msgspec

from visitbridge.domain.roc import TAIPEI


class Performer(enum.StrEnum):
    """Who goes: 醫師, 中醫師, 護理人員, 呼吸治療師, 藥師, 心理師或社工師."""

    DOCTOR = "doctor"
    CHINESE_MEDICINE = "chinese_medicine"
    NURSE = "nurse"
    RESPIRATORY = "respiratory"
    PHARMACIST = "pharmacist"
    COUNSELLOR = "counsellor"


class Care(enum.StrEnum):
    """What for: 居家或重度居家, 安寧甲類, 安寧乙類, 呼吸照護 without and with an artificial airway."""

    HOME = "home"
    HOSPICE_A = "hospice_a"
    HOSPICE_B = "hospice_b"
    NON_INVASIVE = "non_invasive"
    INVASIVE = "invasive"


class HomeFee(msgspec.Struct, frozen=True, kw_only=True):
    """One visit fee. ``remote``: 山地離島. ``group``: 資源群 1-4 of a nurse's home visit. ``over_hour``: a nurse's
    hospice visit longer than an hour; None where it makes no difference.
    """

    code: str
    points: int
    performer: Performer
    care: Care = Care.HOME
    remote: bool = False
    group: int | None = None
    over_hour: bool | None = None


def _pair(codes: str, points: str, **marks: object) -> tuple[HomeFee, HomeFee]:
    """The ordinary and the remote fee of one kind."""
    ordinary, remote = (
        msgspec.convert({"code": code, "points": int(value), "remote": far, **marks}, HomeFee)
        for code, value, far in zip(codes.split(), points.split(), (False, True), strict=True)
    )
    return ordinary, remote


HOME_FEES: Final[tuple[HomeFee, ...]] = (
    *_pair("05307C 05308C", "1631 2154", performer="doctor"),
    *_pair("05312C 05323C", "1631 2154", performer="doctor", care="hospice_a"),
    *_pair("05336C 05337C", "1142 1507", performer="doctor", care="hospice_b"),
    *_pair("P5408C P5409C", "1631 2154", performer="chinese_medicine"),
    *_pair("05301C 05302C", "1103 1455", performer="nurse", group=1),
    *_pair("05303C 05304C", "1528 2017", performer="nurse", group=2),
    *_pair("05305C 05306C", "1843 2433", performer="nurse", group=3),
    *_pair("05321C 05322C", "2158 2849", performer="nurse", group=4),
    *_pair("05313C 05324C", "1733 2287", performer="nurse", care="hospice_a", over_hour=False),
    *_pair("05314C 05325C", "2363 3119", performer="nurse", care="hospice_a", over_hour=True),
    *_pair("05338C 05339C", "1213 1601", performer="nurse", care="hospice_b", over_hour=False),
    *_pair("05340C 05341C", "1654 2184", performer="nurse", care="hospice_b", over_hour=True),
    *_pair("P5401C P5402C", "1103 1455", performer="respiratory", care="non_invasive"),
    *_pair("P5403C P5404C", "1528 2017", performer="respiratory", care="invasive"),
    *_pair("P5411C P5412C", "1155 1525", performer="pharmacist"),
    *_pair("05315C P5405C", "1103 1455", performer="counsellor"),
)

_HOUR: Final = dt.timedelta(hours=1)


def visit_fee(
    performer: Performer,
    care: Care = Care.HOME,
    *,
    remote: bool = False,
    group: int | None = None,
    stay: dt.timedelta | None = None,
) -> HomeFee | None:
    """The fee of a visit, or None when the plan has none for it or what decides is not told.

    ``group``: 資源群 of a nurse's visit at home. ``stay``: from arrival to departure, for a nurse's hospice visit;
    exactly one hour is not longer than an hour.
    """
    over_hour = None if stay is None else stay > _HOUR
    return next(
        (
            fee
            for fee in HOME_FEES
            if (fee.performer, fee.care, fee.remote) == (performer, care, remote)
            and fee.group in {None, group}
            and fee.over_hour in {None, over_hour}
        ),
        None,
    )


class Band(enum.IntEnum):
    """Percentage (claim field p8) of an emergency home visit: none, holiday, evening 17-22, night 22-08."""

    DAY = 100
    HOLIDAY = 140
    EVENING = 150
    NIGHT = 170


_INTO_A_DEARER_BAND: Final = dt.timedelta(minutes=30)
_MINUTE: Final = dt.timedelta(minutes=1)
_LONGEST_STAY: Final = dt.timedelta(days=1)


def band_at(moment: dt.datetime, *, is_holiday: Callable[[dt.date], bool]) -> Band:
    """The dearest band that holds at a moment. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime lies in no band")
    local = moment.astimezone(TAIPEI)
    if local.hour >= 22 or local.hour < 8:
        return Band.NIGHT
    if local.hour >= 17:
        return Band.EVENING
    return Band.HOLIDAY if is_holiday(local.date()) else Band.DAY


def emergency_band(
    arrived_at: dt.datetime, departed_at: dt.datetime, *, is_holiday: Callable[[dt.date], bool]
) -> Band:
    """The band of an emergency visit: that of arrival, or a dearer one of which it took more than 30 minutes.

    Times count to the minute, as p14 and p15 do. Time in a band dearer still counts towards the ones below it (D).
    Raises ValueError for naive times, for a departure before the arrival, and for a stay of more than a day.
    """
    arrived_at, departed_at = (
        moment.replace(second=0, microsecond=0) for moment in (arrived_at, departed_at)
    )
    if not dt.timedelta(0) <= departed_at - arrived_at <= _LONGEST_STAY:
        raise ValueError("a visit ends after it began and within a day")
    best = band_at(arrived_at, is_holiday=is_holiday)
    minutes = [
        band_at(arrived_at + count * _MINUTE, is_holiday=is_holiday)
        for count in range((departed_at - arrived_at) // _MINUTE)
    ]
    for band in Band:
        if band > best and sum(here >= band for here in minutes) * _MINUTE > _INTO_A_DEARER_BAND:
            best = band
    return best


def child_percentage(birth_date: dt.date, visited_on: dt.date) -> int:
    """Percentage (p8) for a child: 160 under 6 months, 130 under 2 years, 120 under 7, else 100.

    How it combines with :class:`Band` is not public. Raises ValueError for a birth after the visit.
    """
    if birth_date > visited_on:
        raise ValueError("born after the visit")
    months = (visited_on.year - birth_date.year) * 12 + visited_on.month - birth_date.month
    months -= visited_on.day < birth_date.day
    return next((percentage for below, percentage in ((6, 160), (24, 130), (84, 120)) if months < below), 100)


def monthly_cap(
    performer: Performer, *, hospice_only: bool = False, approved_specialist: bool = False
) -> int:
    """How many visits of one person a month are paid for."""
    if performer in {Performer.DOCTOR, Performer.CHINESE_MEDICINE}:
        return 240 if approved_specialist else 180
    if performer is Performer.NURSE:
        return 45 if hospice_only else 100
    return 60 if performer is Performer.RESPIRATORY else 45
