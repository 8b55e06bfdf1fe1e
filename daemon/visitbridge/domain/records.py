"""Medical records that a visit reads and never writes: their tables and columns (L02-L04, nhi-domain §7.1)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


class RecordKind(enum.StrEnum):
    """雲端藥歷, 檢查檢驗紀錄, 歷次就醫紀錄, 過敏藥."""

    DRUGS = "drugs"
    TESTS = "tests"
    VISITS = "visits"
    ALLERGIES = "allergies"


INGREDIENT: Final = "成分名稱"
CLASSIFICATION: Final = "分類分組名稱"
DRUG_CODE: Final = "藥品健保代碼"
DRUG_NAME: Final = "藥品名稱"
USAGE: Final = "用法用量"
REFILLED_ON: Final = "慢連箋領藥日"
DAYS: Final = "給藥日數"

COLUMNS: Final[Mapping[RecordKind, tuple[str, ...]]] = MappingProxyType(
    {
        RecordKind.DRUGS: (
            "門住診別",
            "主診斷碼",
            DRUG_CODE,
            USAGE,
            "就醫日期",
            REFILLED_ON,
            "藥品用量",
            DAYS,
            "就醫序號",
            "醫事機構代碼",
            "慢連箋原處方醫事機構代碼",
        ),
        RecordKind.TESTS: (
            "門住診別",
            "費用年月",
            "就醫科別代碼",
            "主診斷碼",
            "醫令代碼",
            "診療部位",
            "執行時間-起",
            "執行時間-迄",
            "醫令總量",
            "醫事機構代碼",
            "就醫日期",
        ),
        RecordKind.VISITS: ("就醫日期", "門住診別", "就醫科別代碼", "主診斷碼", "就醫序號", "醫事機構代碼"),
        RecordKind.ALLERGIES: ("過敏藥物", "過敏症狀", "嚴重程度", "上傳日期"),
    }
)
"""Columns in the order of the app's own tables (seed 000: eleven for drugs, eleven for tests, the last one cut off in
the picture). The app shows visits as a list whose columns are not printed anywhere; those are ours.

Rows may have more: names beside the codes, a test's result. They follow these columns.
"""
