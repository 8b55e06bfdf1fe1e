"""Findings of the box's own check, in the vocabulary of the insurer's check reports (nhi-domain §3.3).

Codes are the published ones; the words are ours. Element names are those of the field table.
"""

from __future__ import annotations

import re
from typing import Final

from visitbridge.protocols.datacentre.common import CheckFinding

_WORDS: Final = {
    "01": "只能上傳健保就醫資料",
    "19": "虛擬醫令須用 G 或 H",
    "23": "不是虛擬醫令代碼",
    "AA": "必須填寫",
    "AB": "格式不正確",
    "AC": "超過長度上限",
    "AD": "不是可用的值",
    "AD01": "須為健保卡取得的 0001 至 1500",
    "AD02": "沒有健保卡序號時，須為異常就醫序號代碼",
    "AD13": "預防保健須為 IC 開頭的代碼",
    "AD14": "此就醫類別不可填寫",
    "AF": "不可填寫",
    "BE": "日期先後不合理",
    "Y012": "此就醫類別至少要有一筆醫令",
    "Y014": "有 Big5 沒有的字",
}

_NAMES: Final = {
    "A00": "資料型態",
    "A01": "資料格式",
    "A11": "卡片號碼",
    "A12": "身分證號",
    "A13": "出生日期",
    "A14": "醫事服務機構代碼",
    "A15": "醫事人員身分證號",
    "A16": "安全模組代碼",
    "A17": "就診日期時間",
    "A18": "就醫序號",
    "A19": "補卡註記",
    "A20": "新生兒出生日期",
    "A21": "新生兒胞胎註記",
    "A22": "安全簽章",
    "A23": "就醫類別",
    "A24": "新生兒就醫註記",
    "A25": "主要診斷碼",
    **{f"A{25 + number}": f"次要診斷碼{number}" for number in range(1, 6)},
    "A31": "門診醫療費用",
    "A32": "門診部分負擔",
    "A33": "住院醫療費用",
    "A34": "住院部分負擔（急性30日、慢性180日以下）",
    "A35": "住院部分負擔（急性31日、慢性181日以上）",
    "A41": "保健服務項目註記",
    "A42": "保健服務檢查日期",
    "A43": "保健服務機構代碼",
    "A44": "保健檢查項目代碼",
    "A51": "產檢檢查日期",
    "A52": "產檢機構代碼",
    "A53": "產檢檢查項目代碼",
    "A54": "實際就醫日期",
    "A71": "醫令就診日期時間",
    "A72": "醫令類別",
    "A73": "診療項目代號",
    "A74": "診療部位",
    "A75": "用法",
    "A76": "天數",
    "A77": "總量",
    "A78": "交付處方註記",
    "A79": "處方簽章",
    "A80": "過敏藥物上傳註記",
    "A81": "過敏藥物",
}
_LINE: Final = re.compile(r"MB2\[([0-9]+)\]\.")


def finding(code: str, field: str, more: str = "") -> CheckFinding:
    """``field`` is an element, within ``MB2[i].`` for the orders (from 0), or ``MB2`` for all of them.

    ``more`` is added to the words; it must not carry what a person typed beyond single characters.
    """
    line = _LINE.match(field)
    tag = field[line.end() :] if line else field
    name = f"{_NAMES[tag]}（{tag}）" if tag in _NAMES else "醫令"
    where = f"第 {int(line[1]) + 1} 筆醫令的{name}" if line else name
    return CheckFinding(code=code, field=field, words=f"{where}：{_WORDS[code]}{more}")
