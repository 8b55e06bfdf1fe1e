"""A patient's name where the card could not hold all of it (G07): Big5 in 20 bytes, other characters written as ``*``."""

from __future__ import annotations

import re

from visitbridge.domain.people import BasicRecord

NAME_BYTES = 20
LONGEST_NAME = 60
"""Of a name as a person enters it, in characters."""

_STARS = re.compile(r"[*＊]+")


def is_incomplete(record: BasicRecord) -> bool:
    """Whether something of the name is missing on the card, or may have been cut off."""
    return _STARS.search(record.name) is not None or _may_be_cut(record)


def fits_card(name: str, record: BasicRecord) -> bool:
    """Whether ``name`` may be what the card shortened: the same characters where they could be read.

    A run of ``*`` stands for as many characters or fewer, as no rule is public that says how many bytes of an unknown
    character became one ``*``. After a name that fills the field anything may follow.
    """
    readable = (re.escape(part) for part in _STARS.split(record.name))
    missing = (f".{{1,{len(stars)}}}" for stars in _STARS.findall(record.name))
    pattern = next(readable) + "".join(gap + part for gap, part in zip(missing, readable, strict=True))
    return re.fullmatch(pattern + (".*" if _may_be_cut(record) else ""), name) is not None


def _may_be_cut(record: BasicRecord) -> bool:
    """The last byte stays free where a character of two bytes would not fit any more."""
    return len(bytes.fromhex(record.name_big5)) >= NAME_BYTES - 1
