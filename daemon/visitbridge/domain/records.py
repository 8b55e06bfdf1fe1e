"""Medical records that a visit reads and never writes: their tables and columns (L02-L04, W05, nhi-domain §7.1)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class RecordKind(enum.StrEnum):
    """雲端藥歷, 過敏藥, 特定管制藥品用藥, 特定凝血因子用藥, 中醫用藥, 檢查檢驗紀錄, 檢查檢驗結果, 影像及病理報告, 歷次就醫紀錄, 手術明細紀錄,
    牙科處置及手術, 出院病歷摘要, 復健醫療: the order in which a person sees them.
    """

    DRUGS = "drugs"
    ALLERGIES = "allergies"
    CONTROLLED = "controlled"
    CLOTTING = "clotting"
    CHINESE = "chinese"
    TESTS = "tests"
    RESULTS = "results"
    IMAGING = "imaging"
    VISITS = "visits"
    SURGERY = "surgery"
    DENTAL = "dental"
    DISCHARGE = "discharge"
    REHAB = "rehab"


INGREDIENT: Final = "成分名稱"
CLASSIFICATION: Final = "分類分組名稱"
DRUG_CODE: Final = "藥品健保代碼"
DRUG_NAME: Final = "藥品名稱"
USAGE: Final = "用法用量"
REFILLED_ON: Final = "慢連箋領藥日"
DAYS: Final = "給藥日數"
QUANTITY: Final = "藥品用量"
ALLERGEN: Final = "過敏藥物"
SYMPTOM: Final = "過敏症狀"
SEVERITY: Final = "嚴重程度"
VISITED_ON: Final = "就醫日期"
CARE: Final = "門住診別"
DEPARTMENT: Final = "就醫科別代碼"
DIAGNOSIS: Final = "主診斷碼"
ORDER_CODE: Final = "醫令代碼"
ORDER_NAME: Final = "醫令名稱"
SITE: Final = "診療部位"
SEQUENCE_NO: Final = "就醫序號"
PLACE: Final = "醫事機構代碼"
BEGUN: Final = "執行時間-起"
ENDED: Final = "執行時間-迄"
TOTAL: Final = "醫令總量"


class Section(NamedTuple):
    """One table. ``columns`` in their order; ``keys``: what is shown of a line where there is no room for a table.

    Rows may have more: names beside the codes, a test's result. They follow the columns; a key may be one of them.
    """

    columns: tuple[str, ...]
    keys: tuple[str, ...]


_MEDICINE: Final = Section(
    (DRUG_CODE, DRUG_NAME, USAGE, VISITED_ON, QUANTITY, DAYS, DIAGNOSIS, SEQUENCE_NO, PLACE),
    (DRUG_NAME, DRUG_CODE, USAGE, DAYS),
)

SECTIONS: Final[Mapping[RecordKind, Section]] = MappingProxyType(
    {
        RecordKind.DRUGS: Section(
            (
                *(CARE, DIAGNOSIS, DRUG_CODE, USAGE, VISITED_ON, REFILLED_ON, QUANTITY, DAYS),
                *(SEQUENCE_NO, PLACE, "慢連箋原處方醫事機構代碼"),
            ),
            (DRUG_NAME, DRUG_CODE, USAGE, DAYS),
        ),
        RecordKind.ALLERGIES: Section(
            (ALLERGEN, SYMPTOM, SEVERITY, "上傳日期"), (ALLERGEN, SYMPTOM, SEVERITY)
        ),
        RecordKind.CONTROLLED: _MEDICINE,
        RecordKind.CLOTTING: _MEDICINE,
        RecordKind.CHINESE: _MEDICINE,
        RecordKind.TESTS: Section(
            (
                *(CARE, "費用年月", DEPARTMENT, DIAGNOSIS, ORDER_CODE, SITE, BEGUN, ENDED),
                *(TOTAL, PLACE, VISITED_ON),
            ),
            (ORDER_NAME, ORDER_CODE, "檢驗結果"),
        ),
        RecordKind.RESULTS: Section(
            (
                *("檢驗項目", "檢驗結果", "單位", "參考值", ORDER_CODE, ORDER_NAME),
                *("開立日期", "實際檢驗日期", PLACE),
            ),
            ("檢驗項目", "檢驗結果", "單位", "參考值"),
        ),
        RecordKind.IMAGING: Section(
            (ORDER_CODE, ORDER_NAME, SITE, "檢查結果", "病理診斷", "檔案類型", "影像序號", PLACE),
            (ORDER_NAME, SITE, "檢查結果", "病理診斷"),
        ),
        RecordKind.VISITS: Section(
            (VISITED_ON, CARE, DEPARTMENT, DIAGNOSIS, SEQUENCE_NO, PLACE),
            (DIAGNOSIS, DEPARTMENT, SEQUENCE_NO),
        ),
        RecordKind.SURGERY: Section(
            (BEGUN, ORDER_CODE, ORDER_NAME, DIAGNOSIS, SITE, PLACE), (ORDER_NAME, DIAGNOSIS, SITE)
        ),
        RecordKind.DENTAL: Section(
            (VISITED_ON, ORDER_CODE, ORDER_NAME, DIAGNOSIS, SITE, TOTAL, PLACE), (ORDER_NAME, SITE, TOTAL)
        ),
        RecordKind.DISCHARGE: Section(
            ("住院日期", "出院日期", DIAGNOSIS, "出院診斷", "出院摘要", PLACE),
            (DIAGNOSIS, "出院診斷", "出院摘要"),
        ),
        RecordKind.REHAB: Section(
            (VISITED_ON, ORDER_CODE, ORDER_NAME, DIAGNOSIS, BEGUN, ENDED, TOTAL, PLACE),
            (ORDER_NAME, DIAGNOSIS, TOTAL),
        ),
    }
)
"""How sure the columns are. Drugs and tests: as the app's own pictures print them (seed 000: eleven each, the last one of the
tests cut off). Allergies, results and imaging: the fields that the public description of the cloud names, with words of ours
(nhi-domain §7.1, B). Surgery and discharge: the dates, the order and the diagnosis are named there (B), the rest is ours.
Controlled drugs, clotting factors, Chinese medicine, dental care and rehabilitation: tabs whose names are public and whose
fields are not; they get those of the drugs and the tests. The app shows visits as a list whose columns are printed nowhere.
"""

COLUMNS: Final[Mapping[RecordKind, tuple[str, ...]]] = MappingProxyType(
    {kind: section.columns for kind, section in SECTIONS.items()}
)
