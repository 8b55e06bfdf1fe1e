"""+CME ERROR numbers (3GPP TS 27.007 §9.2): names, and whether trying again can help."""

from __future__ import annotations

import enum
import re


class CmeClass(enum.StrEnum):
    """``PERMANENT``: a person has to change something. ``TRANSIENT``: worth trying again after a while.

    ``UNSURE``: neither is known; tried again, with patience.
    """

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    UNSURE = "unsure"


SIM_NOT_INSERTED = 10
SIM_PIN_REQUIRED = 11
SIM_PUK_REQUIRED = 12
SIM_FAILURE = 13
SIM_BUSY = 14
SIM_WRONG = 15
INCORRECT_PASSWORD = 16
ABOUT_THE_SIM = frozenset(
    {SIM_NOT_INSERTED, SIM_PIN_REQUIRED, SIM_PUK_REQUIRED, SIM_WRONG, INCORRECT_PASSWORD}
)
"""Permanent ones that the next look at the SIM explains; they say nothing about the data connection."""
LAST_PDN = frozenset({151, 171})
"""The last connection of an LTE modem cannot be closed by +CGACT=0; detach instead."""

_NAMES: dict[int, str] = {
    0: "phone failure",
    1: "no connection to phone",
    2: "phone-adaptor link reserved",
    3: "operation not allowed",
    4: "operation not supported",
    5: "ph-sim pin required",
    6: "ph-fsim pin required",
    7: "ph-fsim puk required",
    10: "sim not inserted",
    11: "sim pin required",
    12: "sim puk required",
    13: "sim failure",
    14: "sim busy",
    15: "sim wrong",
    16: "incorrect password",
    17: "sim pin2 required",
    18: "sim puk2 required",
    20: "memory full",
    21: "invalid index",
    22: "not found",
    23: "memory failure",
    24: "text string too long",
    25: "invalid characters in text string",
    26: "dial string too long",
    27: "invalid characters in dial string",
    30: "no network service",
    31: "network timeout",
    32: "network not allowed - emergency calls only",
    40: "network personalization pin required",
    41: "network personalization puk required",
    42: "network subset personalization pin required",
    43: "network subset personalization puk required",
    44: "service provider personalization pin required",
    45: "service provider personalization puk required",
    46: "corporate personalization pin required",
    47: "corporate personalization puk required",
    50: "incorrect parameters",
    100: "unknown",
    103: "illegal ms",
    106: "illegal me",
    107: "gprs services not allowed",
    111: "plmn not allowed",
    112: "location area not allowed",
    113: "roaming not allowed in this location area",
    132: "service option not supported",
    133: "requested service option not subscribed",
    134: "service option temporarily out of order",
    148: "unspecified gprs error",
    149: "pdp authentication failure",
    150: "invalid mobile class",
    151: "last pdn disconnection not allowed",
    171: "last pdn disconnection not allowed",
    177: "operator determined barring",
    178: "max number of bearers reached",
}
_NUMBERS = {name: number for number, name in reversed(_NAMES.items())}

_PERMANENT = frozenset({10, 11, 12, 15, 16, 103, 106, 107, 127, 129, 132, 133, 149, 177})
_TRANSIENT = frozenset({14, 30, 31, 100, 117, 122, 126, 131, 134, 148, 190})


def number_of(text: str) -> int | None:
    """Number of an error given as digits (+CMEE=1) or words (+CMEE=2); None when the words are unknown."""
    if text.isascii() and text.isdigit() and len(text) <= 5:
        return int(text)
    return _NUMBERS.get(re.sub(r"\s+", " ", text.strip().lower()))


def name_of(number: int | None) -> str:
    return _NAMES.get(-1 if number is None else number, "unknown error")


def class_of(number: int | None) -> CmeClass:
    """How an error is to be taken; an unnumbered one is UNSURE."""
    if number in _PERMANENT:
        return CmeClass.PERMANENT
    return CmeClass.TRANSIENT if number in _TRANSIENT else CmeClass.UNSURE
