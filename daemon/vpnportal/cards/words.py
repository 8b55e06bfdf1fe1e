"""The refusals of card sessions: the insurer's number where one is public, and words for people.

Numbers: API manual 5.1.3 (nhi-domain §2.3). Words are ours; they name no person.
"""

from __future__ import annotations

from visitbridge.protocols.apdu import Response, StatusWord, pin_tries_left
from visitbridge.protocols.datacentre.common import ProblemCode
from vpnportal.problems import Refusal, Retry, refuse

NO_RIGHT_ON_CARD = "4029"
NOT_AN_NHI_CARD = "4033"
NOT_AN_HPC = "4034"
HPC_PIN_NOT_VERIFIED = "4042"
CARD_FAULT = "4043"
CARD_NOT_AUTHENTIC = "4071"
NO_USES_LEFT = "5001"
CARD_CANCELLED = "5002"
CARD_EXPIRED = "5003"
NOT_INSURED = "5012"
VISIT_NOT_ON_CARD = "5022"
HPC_LOCKED = "5122"
NO_UPDATE_DUE = "9081"
REALMS_MIXED = "9203"

_WORDS: dict[str, str] = {
    NO_RIGHT_ON_CARD: "此醫事人員類別無權寫入這些資料，健保卡未變動。",
    NOT_AN_NHI_CARD: "讀卡機中的不是健保卡，請改插健保卡。",
    NOT_AN_HPC: "讀卡機中的不是醫事人員卡，請改插醫事人員卡。",
    HPC_PIN_NOT_VERIFIED: "醫事人員卡密碼不正確，請重新輸入。",
    CARD_FAULT: "健保卡回應異常，請勿移除卡片並重新讀卡確認。",
    CARD_NOT_AUTHENTIC: "健保卡與資料中心認證失敗，未寫入任何資料。",
    NO_USES_LEFT: "健保卡可用次數不足，請先更新卡片。",
    CARD_CANCELLED: "此健保卡已註銷，請病人洽健保署。",
    CARD_EXPIRED: "此健保卡已過有效期限，請先更新卡片。",
    NOT_INSURED: "此人目前未在保，未取號。",
    VISIT_NOT_ON_CARD: "健保卡上找不到這筆就醫紀錄。",
    HPC_LOCKED: "醫事人員卡密碼已鎖住，請洽發卡單位解鎖。",
    NO_UPDATE_DUE: "卡片可用次數大於3次，尚不需更新。",
    REALMS_MIXED: "正式卡與測試卡不能混用，未執行任何動作。",
}


def insurer_refusal(
    code: str,
    title: str,
    *,
    status: int = 422,
    field: str = "",
    retry: Retry = "never",
    tries_left: int | None = None,
) -> Refusal:
    """Refuse with one of the insurer's numbers of this module."""
    return refuse(
        status, code, title=title, retry=retry, field=field, words=_WORDS[code], tries_left=tries_left
    )


def field_refusal(field: str, title: str, words: str) -> Refusal:
    """The intent itself cannot be written; a person has to change the named field."""
    return refuse(422, ProblemCode.CHECKS_FAILED, title=title, field=field, words=words)


def card_mismatch() -> Refusal:
    return refuse(
        409,
        ProblemCode.CARD_MISMATCH,
        title="the card's number is not the intent's",
        field="intent.card_no",
        words="插入的健保卡與這筆資料不是同一人，未寫入任何資料。",
    )


def key_conflict() -> Refusal:
    """The intent's key was given a receipt for other content."""
    return refuse(
        409,
        ProblemCode.KEY_CONFLICT,
        title="the key is known with other content",
        field="intent.key",
        words="此資料的編號已用於另一筆不同的資料，請洽系統人員。",
    )


def content_conflict() -> Refusal:
    """The card holds something else under the intent's key."""
    return refuse(
        409,
        ProblemCode.KEY_CONFLICT,
        title="the card holds other content for this visit",
        words="健保卡上已有同一時間、同一院所但內容不同的紀錄，請洽系統人員確認。",
    )


def not_as_expected(response: Response, *, mutated: bool) -> Refusal:
    """A status word that the script did not expect.

    An error status word is not authenticated by the secure channel, so once a mutating command was handed out
    it proves nothing about the card: ``retry`` is then ``unknown``.
    """
    title = f"the card answered {response.sw_hex}"
    if mutated:
        return insurer_refusal(CARD_FAULT, title, status=409, retry="unknown")
    if response.sw in (StatusWord.SECURE_MESSAGING_INCORRECT, StatusWord.SECURITY_NOT_SATISFIED):
        return insurer_refusal(CARD_NOT_AUTHENTIC, title, status=409, retry="later")
    return insurer_refusal(CARD_FAULT, title, status=409, retry="later")


def pin_refused(response: Response) -> Refusal | None:
    """The refusal for a VERIFY that failed; None for a status word that says nothing of the PIN."""
    left = pin_tries_left(response.sw)
    if left is None:
        return None
    code = HPC_PIN_NOT_VERIFIED if left else HPC_LOCKED
    return insurer_refusal(code, f"the HPC answered {response.sw_hex}", status=403, tries_left=left)
