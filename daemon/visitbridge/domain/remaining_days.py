"""餘藥: how many days of a medicine a patient still has (M17, nhi-domain §7.2, §4.7; 重複用藥 scheme 2018-10).

Fills of one ingredient in one form are walked in order. What is fetched early starts after what is still there,
what is fetched late on its own day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import msgspec

from visitbridge.domain.dispensing import FILL_AHEAD_DAYS, next_fill_on
from visitbridge.domain.virtual_orders import restarts_supply
from visitbridge.errors import FieldInvalid

SHORTEST_SUPPLY_DAYS: Final = 14
"""Shorter supplies are not looked at."""

_EXEMPT_CASE_TYPES: Final = frozenset({"02", "A2"})
_UNMEASURED: Final = ("PRN", "STAT", "ASORDER")


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One dispensing of one item. ``virtual_orders``: 虛擬醫令 reported with it."""

    fetched_on: dt.date
    days: int
    case_type: str = ""
    frequency: str = ""
    virtual_orders: tuple[str, ...] = ()
    institution: str = ""


class Supply(msgspec.Struct, frozen=True, kw_only=True):
    """The days a fill lasts, both included."""

    fill: Fill
    start_on: dt.date
    end_on: dt.date

    @property
    def next_fill_on(self) -> dt.date:
        """The first day on which more is no duplicate."""
        return next_fill_on(self.end_on)


def group_of(classification: str) -> str:
    """What fills are grouped by: 分類分組名稱 without the part after its last comma (that is the strength)."""
    return classification.rpartition(",")[0].strip() or classification.strip()


def is_measured(fill: Fill) -> bool:
    """Whether the rules look at it: 14 days or more, no emergency (02) or A2 case, not PRN, STAT or as ordered.

    Which of the 60 ATC groups and which forms take part is the data set's business, not this function's; so are
    fills of one course and scheduled tests.
    """
    frequency = fill.frequency.strip().upper()
    return (
        fill.days >= SHORTEST_SUPPLY_DAYS
        and fill.case_type not in _EXEMPT_CASE_TYPES
        and not any(mark in frequency for mark in _UNMEASURED)
    )


def supplies(fills: Iterable[Fill]) -> tuple[Supply, ...]:
    """The measured fills of one group, each with the days it covers, in order of fetching.

    A fill with R003, R005 or R007 starts on its own day, whatever is left. Raises FieldInvalid (``days``) for a
    negative number of days.
    """
    found: list[Supply] = []
    free_on = dt.date.min
    for fill in sorted(fills, key=lambda fill: fill.fetched_on):
        if fill.days < 0:
            raise FieldInvalid("a supply lasts no negative number of days", field="days")
        if not is_measured(fill):
            continue
        early = free_on > fill.fetched_on and not any(map(restarts_supply, fill.virtual_orders))
        start_on = free_on if early else fill.fetched_on
        end_on = start_on + dt.timedelta(days=fill.days - 1)
        found.append(Supply(fill=fill, start_on=start_on, end_on=end_on))
        free_on = end_on + dt.timedelta(days=1)
    return tuple(found)


def remaining_days(supply: Supply, on: dt.date) -> int:
    """Days left after ``on``, which itself is not counted; 0 once the supply has ended."""
    return max((supply.end_on - on).days, 0)


def is_duplicate(supply: Supply, on: dt.date) -> bool:
    """Whether prescribing the same again on ``on`` counts as 重複用藥: more than ten days are left."""
    return remaining_days(supply, on) > FILL_AHEAD_DAYS
