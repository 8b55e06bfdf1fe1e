"""The data sets by name: the code tables a visit needs, and the seven that the VPN's 設定 pages edit (A10, B13-B15)."""

from __future__ import annotations

from typing import Final

QPA_SETS: Final = (
    "frequencies",
    "routes",
    "my_diagnoses",
    "my_orders",
    "special_items",
    "packages",
    "device_settings",
)
"""頻率設定, 用藥途徑設定, 診斷碼設定, 處方設定, 特定治療項目設定, 套餐設定, 裝置設定, in the order of that menu."""

CODE_TABLES: Final = (
    "icd10",
    "drugs",
    "materials",
    "fees",
    "tests",
    "self_paid",
    "departments",
    "case_types",
    "payment_categories",
    "visit_types",
    "copay",
    "dispensing",
)
"""診斷, 藥品, 特材, 支付標準, 檢驗檢查, 自費項目, and the pickers of 申報資料設定."""

NEEDED: Final = (
    "icd10",
    "drugs",
    "frequencies",
    "routes",
    "departments",
    "case_types",
    "visit_types",
    "copay",
)
"""Without one of these a visit cannot be written as it should be."""

FAVOURITES: Final = {
    "icd10": "my_diagnoses",
    "drugs": "my_orders",
    "materials": "my_orders",
    "fees": "my_orders",
    "tests": "my_orders",
    "self_paid": "my_orders",
}
"""Where an institution keeps the codes of a table that it uses itself; they go first in a search (M08)."""
