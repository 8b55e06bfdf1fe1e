"""What Big5 cannot carry, character by character, so that a person can decide (nhi-domain §3.2 Y014)."""

from __future__ import annotations

import unicodedata

import msgspec


class Stranger(msgspec.Struct, frozen=True):
    """A character without a place in Big5. ``position`` counts characters from 1."""

    position: int
    character: str

    @property
    def name(self) -> str:
        """``U+20BB7 CJK UNIFIED IDEOGRAPH-20BB7``: what it is, where no font shows it."""
        point = f"U+{ord(self.character):04X}"
        return f"{point} {unicodedata.name(self.character, '')}".rstrip()


def strangers(text: str) -> tuple[Stranger, ...]:
    """Every character of ``text`` that Big5 has no code for, in order; nothing is replaced."""
    return tuple(
        Stranger(position, character)
        for position, character in enumerate(text, start=1)
        if not _has_code(character)
    )


def _has_code(character: str) -> bool:
    try:
        character.encode("big5")
    except UnicodeEncodeError:
        return False
    return True
