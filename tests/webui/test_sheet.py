"""The picture sheet: of screens that exist, with every picture there, and light enough for the repository."""

from __future__ import annotations

from tests.webui import sheet
from tests.webui.test_screens import SCREENS, looks_of

NAMES = [shot.name for shots in sheet.CHAPTERS.values() for shot in shots]


def test_every_picture_is_one_that_the_tests_take() -> None:
    taken = {f"{screen.name}-{look.label}" for screen in SCREENS for look in looks_of(screen.name)}

    assert set(NAMES) - taken == set()
    assert len(NAMES) == len(set(NAMES))


def test_the_page_is_up_to_date() -> None:
    assert sheet.PAGE.read_text("utf-8") == sheet.page(), "run python -m tests.webui.sheet"


def test_the_pictures_are_those_of_the_page_and_light() -> None:
    kept = list(sheet.PICTURES.iterdir())

    assert sorted(each.stem for each in kept) == sorted(NAMES)
    assert sum(each.stat().st_size for each in kept) <= sheet.MOST_BYTES
