"""Check codes with their words.

Codes and meanings follow what is public of the insurer's check reports (nhi-domain §3.3). How the numbers 01 to 09
are shared out, and the wording, are ours; so are all uses of a code in checks of ``POST /visits``, whose real
counterpart is not public.
"""

from __future__ import annotations

from visitbridge.protocols.datacentre.common import CheckFinding

WORDS = {
    "01": "資料型態錯誤",
    "02": "資料格式錯誤",
    "03": "上傳版本錯誤",
    "04": "安全簽章不符",
    "05": "人員資料不符",
    "06": "醫事機構代碼與裝置所屬機構不符",
    "07": "安全模組代碼與裝置不符",
    "10": "查無此藥品代碼",
    "11": "查無此支付標準代碼",
    "12": "查無此特材代碼",
    "13": "查無此醫事人員",
    "14": "此醫事人員無院所作業權限",
    "15": "查無此診斷碼，或此碼不可申報",
    "16": "處方簽章不符",
    "19": "虛擬醫令之醫令類別須為 G 或 H",
    "23": "查無此虛擬醫令",
    "AA": "必填欄位未填",
    "AA01": "必填且不得為零",
    "AB": "欄位型態錯誤",
    "AC": "欄位長度超過上限",
    "AD": "欄位值不在允許範圍",
    "AD01": "就醫序號須為本卡於該就醫時間取得之 0001 至 1500",
    "AD02": "異常就醫須填異常就醫序號代碼",
    "AD13": "保健服務之就醫序號須為 IC 開頭代碼",
    "AD14": "此就醫類別不得填就醫序號",
    "AE": "無此欄位",
    "AF": "此欄位不得填寫",
    "AG": "筆數超過上限",
    "AH05": "至少須有一個診斷碼",
    "BD": "時間晚於現在",
    "BE": "時間先後順序錯誤",
    "BH": "就醫日期已逾三個月",
    "C001": "此筆資料已上傳過",
    "C002": "補正資料不得由無卡取代有卡之正常資料",
    "D006": "查無可補正之原始資料",
    "D040": "給藥日數超過上限",
    "Y012": "此就醫類別須有醫令",
    "Y014": "含有 Big5 以外的字元",
}


def finding(code: str, field: str) -> CheckFinding:
    """A finding of one of :data:`WORDS` at a field, named as the upload itself names it."""
    return CheckFinding(code=code, field=field, words=f"{WORDS[code]}（{field}）")
