"""Characters outside Big5 are named with their position, never replaced (Y014)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.protocols.big5 import strangers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("王小明 TID PO", []),
        ("", []),
        # 堃 and 𠮷 stand in names and not in Big5.
        ("游錫堃", [(3, "堃", "U+5803 CJK UNIFIED IDEOGRAPH-5803")]),
        (
            "𠮷一堃",
            [
                (1, "𠮷", "U+20BB7 CJK UNIFIED IDEOGRAPH-20BB7"),
                (3, "堃", "U+5803 CJK UNIFIED IDEOGRAPH-5803"),
            ],
        ),
        ("\ue000", [(1, "\ue000", "U+E000")]),
    ],
)
def test_strangers_by_name_and_position(text: str, found: list[tuple[int, str, str]]) -> None:
    assert [(one.position, one.character, one.name) for one in strangers(text)] == found


@given(st.text())
def test_without_its_strangers_a_text_can_be_sent(text: str) -> None:
    places = {one.position for one in strangers(text)}
    rest = "".join(letter for place, letter in enumerate(text, start=1) if place not in places)
    assert len(rest.encode("big5")) >= len(rest) == len(text) - len(places)
