"""The six programmes (A01) and their case types (nhi-domain §4.3)."""

from __future__ import annotations

import pytest

from visitbridge.domain.programmes import CLAIMING, Programme, fits
from visitbridge.domain.visit import VisitContent


def test_A01_there_are_six_and_each_has_its_claiming() -> None:
    assert len(Programme) == 6
    assert set(CLAIMING) == set(Programme)


@pytest.mark.parametrize(
    ("programme", "case_type", "fitting"),
    [
        (Programme.HOME_INTEGRATED, "E1", True),
        (Programme.HOME_INTEGRATED, "31", True),
        (Programme.HOME_INTEGRATED, "02", False),
        (Programme.HOME_CARE, "A1", True),
        (Programme.HOME_CARE, "E1", False),
        (Programme.HOSPICE, "A5", True),
        (Programme.PSYCHIATRIC, "A2", True),
        (Programme.PSYCHIATRIC, "A1", False),
        # No case type of these two is public, so none is refused.
        (Programme.RESPIRATORY, "A1", True),
        (Programme.DENTAL, "16", True),
    ],
)
def test_A01_case_types_of_a_programme(programme: Programme, case_type: str, *, fitting: bool) -> None:
    assert fits(programme, case_type) is fitting


def test_A01_a_new_draft_is_in_one_of_them_and_fits() -> None:
    content = VisitContent()
    assert fits(Programme(content.programme), content.claim.case_type)
