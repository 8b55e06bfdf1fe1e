"""How an open job stands against the 24 hours (N12): amber from 12, red from 20, overdue from 24."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.services.outbox.samples import VISIT_AT
from visitbridge.domain.jobs import Age, AgeLimits, age_of


@pytest.mark.parametrize(
    ("hours", "age"),
    [
        (-1.0, Age.FRESH),
        (0.0, Age.FRESH),
        (11.99, Age.FRESH),
        (12.0, Age.AMBER),
        (19.99, Age.AMBER),
        (20.0, Age.RED),
        (23.99, Age.RED),
        (24.0, Age.OVERDUE),
        (200.0, Age.OVERDUE),
    ],
)
def test_N12_ages_by_the_hours_since_the_visit(hours: float, age: Age) -> None:
    assert age_of(VISIT_AT, VISIT_AT + dt.timedelta(hours=hours), AgeLimits()) is age


def test_N12_the_limits_are_configurable() -> None:
    limits = AgeLimits(amber_s=60.0, red_s=120.0, overdue_s=180.0)
    found = [age_of(VISIT_AT, VISIT_AT + dt.timedelta(seconds=s), limits) for s in (59, 60, 120, 180)]
    assert found == [Age.FRESH, Age.AMBER, Age.RED, Age.OVERDUE]
