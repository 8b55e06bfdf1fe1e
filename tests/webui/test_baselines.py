"""The keeper of looks sees what a person would, and nothing that no person would."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from PIL import Image, ImageFilter

from tests.webui import baselines
from tests.webui.phone import Look
from tests.webui.studio import Studio
from tests.webui.test_screens import SCREENS

NAMES = {screen.name for screen in SCREENS}
_SIZES = {"light": Look(), "small": Look(320, 568), "dark": Look(dark=True)}

BREAKS = {
    "a button moved by a step": "document.querySelector('#go-start').style.transform = 'translateY(-8px)'",
    "a word lost": "document.querySelector('[data-strip=queue]').style.visibility = 'hidden'",
    "a tab lost its label": "document.querySelector('.tab span:last-child').textContent = ''",
    "a mark in another colour": "document.querySelector('#go-start').style.background = '#a3161b'",
    "a heading over its neighbour": "document.querySelector('.patient').style.marginBottom = '-24px'",
    "another font": "document.body.style.fontFamily = 'DejaVu Serif'",
}


def home(studio: Studio) -> Image.Image:
    return baselines.sheet_of(pictures(studio))


def pictures(studio: Studio) -> Iterator[Image.Image]:
    for look in _SIZES.values():
        studio.phone.dress(look)
        yield studio.shoot(look)


@pytest.fixture
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BASELINES", "SHEETS"):
        monkeypatch.setattr(baselines, name, tmp_path_factory.mktemp(name))


def test_every_screen_has_its_baseline_and_all_are_light() -> None:
    files = list(baselines.BASELINES.iterdir())

    assert {file.stem for file in files} == NAMES
    assert sum(file.stat().st_size for file in files) <= baselines.MOST_BYTES


@pytest.mark.usefixtures("own_folders")
def test_marks_of_every_colour_side_by_side_are_kept_as_they_are() -> None:
    """What compression is worst at."""
    side = 40
    colours = Image.frombytes("RGB", (side, side), random.Random(7).randbytes(side * side * 3))
    marks = colours.resize((side * 9, side * 9), Image.Resampling.NEAREST)

    (baselines.BASELINES / "marks.avif").write_bytes(baselines.encode(baselines.sheet_of([marks])))

    assert baselines.check("marks", [marks]) == ""


@pytest.mark.usefixtures("own_folders")
@pytest.mark.parametrize("break_it", BREAKS.values(), ids=BREAKS.keys())
def test_a_broken_screen_is_seen_and_drawn(break_it: str, studio: Studio) -> None:
    studio.phone.open(studio.empty().url)
    (baselines.BASELINES / "home.avif").write_bytes(baselines.encode(home(studio)))
    assert baselines.check("home", pictures(studio)) == ""

    studio.phone.page.evaluate(break_it)
    assert "places look otherwise" in baselines.check("home", pictures(studio))
    assert (baselines.SHEETS / "home-differs.png").is_file()

    studio.phone.open(studio.empty().url)
    assert baselines.check("home", pictures(studio)) == ""
    assert not (baselines.SHEETS / "home-differs.png").exists()


@pytest.mark.usefixtures("own_folders")
def test_a_screen_without_a_baseline_is_told_how_to_get_one(studio: Studio) -> None:
    studio.phone.open(studio.empty().url)

    assert "python -m tests.webui.keep home" in baselines.check("home", pictures(studio))


def test_how_letters_are_smoothed_is_not_a_difference(studio: Studio) -> None:
    studio.phone.open(studio.empty().url)
    sharp = list(pictures(studio))
    softer = [one.filter(ImageFilter.GaussianBlur(0.7)) for one in sharp]

    assert baselines.differences(baselines.sheet_of(softer), baselines.sheet_of(sharp)) == []


def test_a_look_that_came_is_no_comparison(studio: Studio) -> None:
    studio.phone.open(studio.empty().url)
    sheet = home(studio)

    with pytest.raises(ValueError, match="sheet is"):
        baselines.differences(sheet.crop((0, 0, 30, 30)), sheet)
