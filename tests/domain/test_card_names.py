"""Which names a card may have shortened (G07)."""

from __future__ import annotations

import datetime as dt

import pytest

from visitbridge.domain.card_names import fits_card, is_incomplete
from visitbridge.domain.people import BasicRecord, Sex


def record(name: str, name_big5: str) -> BasicRecord:
    return BasicRecord(
        card_no="900000000001",
        name=name,
        name_big5=name_big5,
        id_no="A123456788",
        birth_date=dt.date(1940, 2, 29),
        sex=Sex.FEMALE,
        issued_date=dt.date(2020, 1, 1),
    )


SHORT = "A4FDB4FAB8D5"
# Ten characters of two bytes, and nine with one Latin letter before them.
FULL, NEARLY_FULL = "B4FA" * 10, "41" + "B4FA" * 9
STARRED = record("王*明", "A4FD2AA9FA")


@pytest.mark.parametrize(
    ("card", "incomplete"),
    [
        (record("王測試", SHORT), False),
        (STARRED, True),
        (record("王＊明", "A4FDA1AFA9FA"), True),
        (record("測" * 10, FULL), True),
        (record("A" + "測" * 9, NEARLY_FULL), True),
        (record("測" * 9, "B4FA" * 9), False),
    ],
    ids=["whole", "star", "wide star", "twenty bytes", "nineteen bytes", "eighteen bytes"],
)
def test_G07_a_name_with_stars_or_without_room_is_asked_about(card: BasicRecord, incomplete: bool) -> None:
    assert is_incomplete(card) is incomplete


@pytest.mark.parametrize(
    ("card", "name", "fits"),
    [
        (STARRED, "王𠮷明", True),
        (STARRED, "王*明", True),
        (STARRED, "王明", False),
        (STARRED, "王大小明", False),
        (STARRED, "陳𠮷明", False),
        (STARRED, "王𠮷明明", False),
        (record("王**", "A4FD2A2A"), "王𠮷", True),
        (record("*.*", "2A2E2A"), "㛄x㛄", False),
        (record("測" * 10, FULL), "測" * 10, True),
        (record("測" * 10, FULL), "測" * 10 + "試‧名", True),
        (record("測" * 10, FULL), "測" * 9, False),
        (record("測" * 9, "B4FA" * 9), "測" * 10, False),
    ],
)
def test_G07_a_name_agrees_with_what_the_card_could_hold(card: BasicRecord, name: str, fits: bool) -> None:
    assert fits_card(name, card) is fits
