"""就醫序號: which form belongs to which way of identifying the patient (N09, K03, nhi-domain §3.1, §4.1)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from visitbridge.domain.visit import Identification, Sequence, Visit
from visitbridge.errors import FieldInvalid

OFFLINE = "F00B"
"""Offline card recognition in the light-Bluetooth home-care scheme: zeros, not the letter O (X2)."""

_LOWEST, _HIGHEST = 1, 1500
_MISREAD_OFFLINE = re.compile(r"F[0O]{2}B")
_FORMS: Mapping[Identification, re.Pattern[str]] = MappingProxyType(
    {
        Identification.CARD: re.compile(r"[0-9]{4}"),
        Identification.NO_CARD: re.compile(r"[0-9]{4}"),
        Identification.CARD_OFFLINE: re.compile(OFFLINE),
        # What follows the letter is known from the scheme's training material only.
        Identification.VIRTUAL_CARD: re.compile(r"V[0-9A-Z]{3}"),
        Identification.PHOTO: re.compile(r"M[0-9A-Z]{3}"),
        Identification.ABNORMAL: re.compile(r"[A-Z][0-9A-Z]{3}"),
    }
)


def normalise(number: str, identification: Identification, *, field: str = "sequence") -> str:
    """The number in the form that goes out. Raises FieldInvalid when it does not fit the identification.

    A typed ``FOOB`` becomes ``F00B``; letters become capitals.
    """
    text = number.strip().upper()
    if _MISREAD_OFFLINE.fullmatch(text):
        text = OFFLINE
    if not _FORMS[identification].fullmatch(text):
        raise FieldInvalid("not a sequence number for this identification", field=field)
    if text.isdigit() and not _LOWEST <= int(text) <= _HIGHEST:
        raise FieldInvalid("numbers from cards run from 0001 to 1500", field=field)
    return text


def number_fits(number: str, identification: Identification) -> bool:
    """Whether a number has the very form that goes with the identification (N09)."""
    try:
        return normalise(number, identification) == number
    except FieldInvalid:
        return False


def offline_sequence(now: dt.datetime) -> Sequence:
    """The box's own number for a visit without the data centre."""
    return Sequence(number=OFFLINE, source="box", taken_at=now)


def with_number(
    visit: Visit, number: str, source: Literal["card", "data_centre"], taken_at: dt.datetime
) -> Visit | None:
    """The next revision with its number, or None when there is nothing to change.

    A visit that has a number keeps it: one that went out as F00B stays F00B, whatever a later make-up write
    takes from the card (X4). Visit types that take no number come without.
    """
    if not number or visit.sequence is not None:
        return None
    return msgspec.structs.replace(
        visit,
        revision=visit.revision + 1,
        sequence=Sequence(number=number, source=source, taken_at=taken_at),
    )
