"""部分負擔 of a home visit (M20, nhi-domain §4.5, §4.9)."""

from __future__ import annotations

from typing import Final

HOME_CARE: Final = "K00"
HOME_CARE_WITH_DRUGS: Final = "K20"

EXEMPT: Final = frozenset({*(f"{number:03d}" for number in range(1, 10)), "801", "802"})
"""The codes of 免部分負擔 (M20). The data set is what people choose from; this is what the arithmetic knows."""

_PER_CENT: Final = 5
_PER_CENT_UNDER_SERVED: Final = 4


def home_copay(
    code: str, visit_points: int, *, under_served: bool = False, drug_copay: int = 0
) -> int | None:
    """What the patient pays for a visit worth ``visit_points``, or None where the code's rule is not known here.

    5 % (4 % in under-served areas), rounded half up (D), and with K20 ``drug_copay`` on top. Raises ValueError for
    negative amounts.
    """
    if visit_points < 0 or drug_copay < 0:
        raise ValueError("amounts are not negative")
    if code in EXEMPT:
        return 0
    if code not in {HOME_CARE, HOME_CARE_WITH_DRUGS}:
        return None
    per_cent = _PER_CENT_UNDER_SERVED if under_served else _PER_CENT
    share = (visit_points * per_cent + 50) // 100
    return share + (drug_copay if code == HOME_CARE_WITH_DRUGS else 0)
