"""身分證號, 統一證號 and 醫事機構代碼: their kinds and check digits (nhi-domain §8.1, §8.3).

A check digit warns, it never refuses: synthetic patients fail it on purpose, and 142 of the published
institutions fail theirs.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
"""In the order of their numbers, which run from 10 (A) to 35 (O)."""
_LETTER_NUMBERS: Final[Mapping[str, int]] = MappingProxyType(
    {letter: 10 + place for place, letter in enumerate(_LETTERS)}
)
_WEIGHTS: Final = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
_INSTITUTION: Final = re.compile(r"[0-9A-Z]{9}[0-9]")


class IdKind(enum.StrEnum):
    """本國人, 新式統一證號 (since 2021), 舊式統一證號."""

    NATIONAL = "national"
    RESIDENT = "resident"
    RESIDENT_OLD = "resident_old"


_FORMS: Final = {
    IdKind.NATIONAL: re.compile(r"[A-Z][12][0-9]{8}"),
    IdKind.RESIDENT: re.compile(r"[A-Z][89][0-9]{8}"),
    IdKind.RESIDENT_OLD: re.compile(r"[A-Z][A-D][0-9]{8}"),
}


def id_kind(number: str) -> IdKind | None:
    """What the form alone says; None for something else, a passport number for instance."""
    return next((kind for kind, form in _FORMS.items() if form.fullmatch(number)), None)


def id_check_digit_holds(number: str) -> bool:
    """Whether the weighted digits add up to a multiple of ten; False for a number of no known kind.

    The letter counts with both digits of its number, an old resident number's second letter with the units of its.
    """
    kind = id_kind(number)
    if kind is None:
        return False
    second = str(_LETTER_NUMBERS[number[1]] % 10) if kind is IdKind.RESIDENT_OLD else number[1]
    digits = f"{_LETTER_NUMBERS[number[0]]}{second}{number[2:]}"
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 10 == 0


def institution_check_digit_holds(code: str) -> bool:
    """Σ i·dᵢ mod 10 over the first nine characters, letters in base 36.

    Derived from the published list, of which 99.6 % satisfy it (certainty D). False for another form.
    """
    if not _INSTITUTION.fullmatch(code):
        return False
    total = sum(place * int(character, 36) for place, character in enumerate(code[:9], start=1))
    return total % 10 == int(code[9])
