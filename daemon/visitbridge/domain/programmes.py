"""The six programmes the box serves (A01) and the case types their visits are claimed under (nhi-domain §4.3)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec


class Programme(enum.StrEnum):
    """居家醫療整合計畫, 一般居家照護, 居家呼吸照護, 居家/社區安寧療護, 精神居家治療, 到宅牙醫."""

    HOME_INTEGRATED = "home_integrated"
    HOME_CARE = "home_care"
    RESPIRATORY = "respiratory"
    HOSPICE = "hospice"
    PSYCHIATRIC = "psychiatric"
    DENTAL = "dental"


class Claiming(msgspec.Struct, frozen=True, kw_only=True):
    """``case_types``: 案件分類 that fit, the usual one first; empty where none is public, and then any is taken.

    ``special_item``: 特定治療項目 that goes with them, or empty. ``visit_type``: 就醫類別 of the month's first visit.
    """

    case_types: tuple[str, ...] = ()
    special_item: str = ""
    visit_type: str = "01"


CLAIMING: Final[Mapping[Programme, Claiming]] = MappingProxyType(
    {
        # Home care, severe home care, hospice and Chinese medicine of the integrated plan (HH-PLAN 十(四)).
        Programme.HOME_INTEGRATED: Claiming(case_types=("E1", "A1", "A5", "31"), special_item="EC"),
        Programme.HOME_CARE: Claiming(case_types=("A1", "A6", "A7")),
        Programme.RESPIRATORY: Claiming(),
        Programme.HOSPICE: Claiming(case_types=("A5",)),
        Programme.PSYCHIATRIC: Claiming(case_types=("A2",)),
        Programme.DENTAL: Claiming(visit_type="02"),
    }
)


def fits(programme: Programme, case_type: str) -> bool:
    """Whether visits of the programme are claimed under a case type, as far as that is public."""
    case_types = CLAIMING[programme].case_types
    return not case_types or case_type in case_types
