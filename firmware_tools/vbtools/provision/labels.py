"""Sheets of labels: one code that joins the Wi-Fi, one that opens the page, and both in print."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

import msgspec
import qrcode
from fpdf import FPDF
from fpdf.enums import MethodReturnValue
from qrcode.constants import ERROR_CORRECT_M

from visitbridge.errors import FieldInvalid

FONT: Final = Path("/usr/share/fonts/truetype/arphic/uming.ttc")
"""Debian's fonts-arphic-uming; its third face has Taiwan's forms of the characters, as TrueType outlines."""

_FACE = 2
_COLUMNS, _ROWS = 2, 4
_WIDTH_MM, _HEIGHT_MM = 99.0, 67.7
_LEFT_MM, _TOP_MM = 6.0, 13.1
_CODE_MM = 34.0
_MARGIN_MM = 5.0
_COLUMN_MM = 46.0
_GAP_MM = 2.0
_KEY_LINE = 20
"""Characters of the key that fit beside each other: four of its groups, each with the hyphen that follows."""


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """``wifi`` and ``page``: what the codes say."""

    institution: str
    serial: str
    ssid: str
    wifi_key: str
    address: str
    wifi: str
    page: str


def label_sheet(labels: Sequence[Label], *, font: Path = FONT) -> bytes:
    """A PDF of A4 pages with eight labels of 99 × 67.7 mm each.

    Raises FieldInvalid when ``font`` is not there.
    """
    if not font.is_file():
        raise FieldInvalid(f"{font} is missing: install fonts-arphic-uming", field="font")
    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(auto=False)
    pdf.add_font("uming", fname=font, collection_font_number=_FACE)
    pdf.set_title("visitbridge labels")
    for number, label in enumerate(labels):
        place = number % (_COLUMNS * _ROWS)
        if place == 0:
            pdf.add_page()
        row, column = divmod(place, _COLUMNS)
        _draw(pdf, label, _LEFT_MM + column * _WIDTH_MM, _TOP_MM + row * _HEIGHT_MM)
    return bytes(pdf.output())


def _draw(pdf: FPDF, label: Label, left: float, top: float) -> None:
    pdf.set_draw_color(200)
    pdf.rect(left + 1, top + 1, _WIDTH_MM - 2, _HEIGHT_MM - 2)
    _write(pdf, 15, left + _MARGIN_MM, top + 9, label.serial)
    beside = left + _MARGIN_MM + max(40.0, pdf.get_string_width(label.serial) + _GAP_MM)
    width = left + _WIDTH_MM - _GAP_MM - beside
    lines = _in_two_lines(pdf, 9, width, " ".join(label.institution.split()))
    for number, line in enumerate(reversed(lines)):
        pdf.text(beside, top + 9 - 4 * number, line)
    key = label.wifi_key
    for column, (caption, code, *lines) in enumerate(
        (
            ("1 用相機掃描，連上 Wi-Fi", label.wifi, label.ssid, key[:_KEY_LINE], key[_KEY_LINE:]),
            ("2 連上後掃描，開啟頁面", label.page, f"https://{label.address}/", "配對碼只能用一次"),
        )
    ):
        x = left + _MARGIN_MM + column * _COLUMN_MM
        _write(pdf, 9, x, top + 15, caption)
        pdf.image(_code(code), x=x, y=top + 17, w=_CODE_MM, h=_CODE_MM)
        for number, line in enumerate(lines):
            _write(pdf, 9, x, top + 56 + 4.5 * number, line)


def _write(pdf: FPDF, size: float, x: float, y: float, text: str) -> None:
    """Smaller than ``size`` where the text would run out of its column."""
    pdf.set_font("uming", size=size)
    pdf.set_font(
        "uming", size=min(size, size * (_COLUMN_MM - _GAP_MM) / max(pdf.get_string_width(text), 1.0))
    )
    pdf.text(x, y, text)


def _in_two_lines(pdf: FPDF, size: float, width_mm: float, text: str) -> list[str]:
    """Broken where it has to be, in the largest font up to ``size`` in which two lines are enough; the font stays set."""
    while True:
        pdf.set_font("uming", size=size)
        lines = cast(
            list[str], pdf.multi_cell(width_mm, text=text, dry_run=True, output=MethodReturnValue.LINES)
        )
        if len(lines) <= 2:
            return lines
        size -= 0.5


def _code(content: str) -> io.BytesIO:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4, box_size=8)
    code.add_data(content)
    picture = io.BytesIO()
    code.make_image().save(picture, "PNG")
    picture.seek(0)
    return picture
