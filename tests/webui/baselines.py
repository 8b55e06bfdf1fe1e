"""Keeps how every screen looks, small enough for the repository, and finds where a screen looks otherwise.

One sheet per screen, ``looks/NAME.avif``: its looks side by side, each pixel the mean of three by three of CSS. Compared
are squares of nine by nine CSS pixels by brightness and by colour, so that a word that went, a button that moved and a colour that
changed are seen, and neither how an edge of a letter is smoothed nor the sheet's compression is.

Run ``python -m pytest tests/webui/test_screens.py`` first, look at the pictures that it complains of in ``.artifacts/webui``,
then keep the new looks with ``python -m tests.webui.keep``, or with the names of some screens after it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw

BASELINES = Path(__file__).resolve().parent / "looks"
MOST_BYTES = 1_500_000
SHEETS = Path(__file__).resolve().parents[2] / ".artifacts" / "webui" / "sheets"
_SHRINK = 3
_SQUARE_PX = 3
_MOST_BRIGHTNESS = 44
_MOST_COLOUR = 60
_QUALITY = 25
_STEP = 15
_SPEED = 6
_GAP_PX = _SQUARE_PX


def sheet_of(pictures: Iterable[Image.Image]) -> Image.Image:
    """The pictures of one screen's looks (a pixel for each of CSS), shrunk, side by side."""
    small = [picture.reduce(_SHRINK) for picture in pictures]
    sheet = Image.new("RGB", (sum(one.width + _GAP_PX for one in small), max(one.height for one in small)))
    left = 0
    for one in small:
        sheet.paste(one, (left, 0))
        left += one.width + _GAP_PX
    return sheet


def differences(now: Image.Image, kept: Image.Image) -> list[tuple[int, int]]:
    """Left upper corners, in pixels of the sheet, of the squares that look otherwise.

    Raises ValueError when the sheets differ in size: a look came or went.
    """
    if now.size != kept.size:
        raise ValueError(f"the sheet is {now.size} now and was {kept.size}")
    channels = [
        ImageChops.difference(ours, theirs)
        for ours, theirs in zip(_squares(now).split(), _squares(kept).split(), strict=True)
    ]
    limits = (_MOST_BRIGHTNESS, _MOST_COLOUR, _MOST_COLOUR)
    over = ImageChops.lighter(
        ImageChops.lighter(*(_over(one, most) for one, most in zip(channels[:2], limits[:2], strict=True))),
        _over(channels[2], limits[2]),
    )
    return [
        (place % over.width * _SQUARE_PX, place // over.width * _SQUARE_PX)
        for place, value in enumerate(over.tobytes())
        if value
    ]


def show(now: Image.Image, kept: Image.Image, places: Sequence[tuple[int, int]]) -> Image.Image:
    """As it was above as it is, with the places that differ framed, three times as large."""
    both = Image.new("RGB", (now.width, now.height + kept.height + _GAP_PX))
    both.paste(kept, (0, 0))
    both.paste(now, (0, kept.height + _GAP_PX))
    large = both.resize((both.width * 3, both.height * 3), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(large)
    for left, top in places:
        for below in (0, kept.height + _GAP_PX):
            corner = (left * 3 - 2, (top + below) * 3 - 2)
            draw.rectangle((*corner, corner[0] + 12, corner[1] + 12), outline=(255, 0, 255))
    return large


def encode(sheet: Image.Image) -> bytes:
    """As small as leaves no square of it looking otherwise by itself. Raises ValueError when no quality does."""
    for quality in range(_QUALITY, 101, _STEP):
        packed = io.BytesIO()
        sheet.save(packed, "AVIF", quality=quality, speed=_SPEED, subsampling="4:4:4")
        if not differences(_decoded(packed.getvalue()), sheet.convert("RGB")):
            return packed.getvalue()
    raise ValueError("a sheet that no quality keeps as it is")


def kept_sheet(name: str) -> Image.Image | None:
    """None when no look of this screen was kept yet."""
    path = BASELINES / f"{name}.avif"
    return _decoded(path.read_bytes()) if path.is_file() else None


def check(name: str, pictures: Iterable[Image.Image]) -> str:
    """What is wrong with how the screen looks; empty when nothing is. Its sheet is left among the artefacts."""
    SHEETS.mkdir(parents=True, exist_ok=True)
    shown = SHEETS / f"{name}-differs.png"
    shown.unlink(missing_ok=True)
    now = sheet_of(pictures)
    now.save(SHEETS / f"{name}.png")
    kept = kept_sheet(name)
    if kept is None:
        return f"nobody has kept how {name} looks: see {SHEETS / name}.png, then python -m tests.webui.keep {name}"
    places = differences(now, kept)
    if not places:
        return ""
    show(now, kept, places).save(shown)
    return (
        f"{len(places)} places look otherwise, framed in {shown}; if meant: python -m tests.webui.keep {name}"
    )


def _decoded(packed: bytes) -> Image.Image:
    return Image.open(io.BytesIO(packed)).convert("RGB")


def _squares(sheet: Image.Image) -> Image.Image:
    return sheet.convert("YCbCr").reduce(_SQUARE_PX)


def _over(channel: Image.Image, most: int) -> Image.Image:
    return channel.point(lambda value: 255 * (value > most))
