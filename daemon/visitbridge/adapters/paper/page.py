"""One A5 page: who, what, the code for the pharmacy, and room for stamp and signature (O05, ux §3.8)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import qrcode
from fpdf import FPDF
from fpdf.fonts import TTFFont
from qrcode.constants import ERROR_CORRECT_M

from visitbridge.domain.prescription_sheet import PrescriptionSheet

FONT: Final = Path("/usr/share/fonts/truetype/arphic/uming.ttc")
"""Debian's fonts-arphic-uming; its third face has Taiwan's forms of the characters, as TrueType outlines."""

_FACE = 2
_A5_MM = (148.0, 210.0)
_LEFT, _RIGHT, _TOP, _BOTTOM = 10.0, 138.0, 12.0, 200.0
_CODE_MM = 42.0
_COLUMNS = (
    ("code", 20.0),
    ("name", 50.0),
    ("dose", 10.0),
    ("frequency", 14.0),
    ("route", 10.0),
    ("days", 10.0),
    ("total", 14.0),
)
_SMALL, _BODY, _TITLE, _WATERMARK = 8.0, 10.0, 15.0, 72.0
_WATERMARKS_MM = (50.0, 110.0, 170.0)


def draw_page(sheet: PrescriptionSheet, texts: Mapping[str, str]) -> bytes:
    """The page as PDF; a long prescription goes on to further pages. ``texts``: the form's words."""
    page = _Page(texts, watermark=texts["training"] if sheet.training else "")
    page.head(sheet)
    page.patient(sheet)
    page.drugs(sheet)
    page.foot(sheet)
    return bytes(page.pdf.output())


class _Page:
    """A pen that knows how far down the page it is."""

    def __init__(self, texts: Mapping[str, str], *, watermark: str) -> None:
        self._texts = texts
        self._watermark = watermark
        self.pdf = FPDF(format=_A5_MM)
        self.pdf.set_auto_page_break(auto=False)
        self.pdf.add_font("uming", fname=FONT, collection_font_number=_FACE)
        font = self.pdf.fonts["uming"]
        if not isinstance(font, TTFFont):
            raise TypeError("a font of a file is a TrueType font")
        self._known = font.cmap
        self._begin_page()

    def head(self, sheet: PrescriptionSheet) -> None:
        self._line(self._texts["title"], _TITLE)
        self._line(f"{sheet.institution_name}  {sheet.institution_code}", _BODY)
        count = self._texts["print_no"].format(count=sheet.print_no)
        self._line(f"{self._texts['printed_at']} {sheet.printed_at}  {count}", _SMALL)
        self._rule()

    def patient(self, sheet: PrescriptionSheet) -> None:
        pairs = (
            ("patient", sheet.patient_name),
            ("id", sheet.patient_id),
            ("birth_date", sheet.birth_date),
            ("sex", self._texts.get(f"sex_{sheet.sex.lower()}", sheet.sex)),
            ("visit_at", sheet.visit_at),
            ("sequence_no", sheet.sequence_no),
            ("practitioner", sheet.practitioner),
        )
        for first, second in zip(pairs[::2], (*pairs[1::2], ("", "")), strict=True):
            top = self._y
            self._line(self._pair(*first), _BODY)
            self._write(_LEFT + 66, top, self._pair(*second), _BODY)
        for diagnosis in sheet.diagnoses:
            self._wrapped(f"{self._texts['diagnosis']} {diagnosis}", _BODY)
        self._rule()

    def drugs(self, sheet: PrescriptionSheet) -> None:
        self._row({name: self._texts[f"column_{name}"] for name, _ in _COLUMNS})
        counts = {drug.refills for drug in sheet.drugs}
        for drug in sheet.drugs:
            cells = {name: getattr(drug, name) for name, _ in _COLUMNS}
            if drug.self_paid:
                cells["name"] = f"{drug.name}（{self._texts['self_paid']}）"
            elif drug.refills and len(counts) > 1:
                # Beside a medicine for once, so that nobody takes that one for repeated too.
                cells["name"] = f"{drug.name}（{self._repeats(drug.refills)}）"
            self._row(cells)
        if len(counts) == 1 and (count := counts.pop()):
            self._line(self._repeats(count), _BODY)
        self._rule()

    def foot(self, sheet: PrescriptionSheet) -> None:
        self._need(_CODE_MM + 8)
        top = self._y
        if sheet.qr_text:
            self.pdf.image(_code(sheet.qr_text), x=_LEFT, y=top, w=_CODE_MM, h=_CODE_MM)
            self._write(_LEFT, top + _CODE_MM, self._pair("passphrase", sheet.passphrase), _BODY)
        else:
            self._box(_LEFT, top, _CODE_MM, _CODE_MM, "")
            for number, line in enumerate(self._texts["not_uploaded"].split("\n")):
                self._write(_LEFT + 3, top + 12 + 6 * number, line, _BODY)
        self._box(_LEFT + 50, top, 37, _CODE_MM, self._texts["stamp"])
        self._box(_LEFT + 91, top, 37, _CODE_MM, self._texts["signature"])

    def _repeats(self, count: int) -> str:
        return self._texts["refills"].format(count=count)

    def _pair(self, key: str, value: str) -> str:
        return f"{self._texts[key]} {value}" if key and value else ""

    def _line(self, text: str, size: float) -> None:
        self._need(size * 0.55)
        self._write(_LEFT, self._y, text, size)
        self._y += size * 0.55

    def _wrapped(self, text: str, size: float) -> None:
        for part in self._parts(text, size, _RIGHT - _LEFT):
            self._line(part, size)

    def _row(self, cells: Mapping[str, str]) -> None:
        """One line of the table; cells that are too wide go on below."""
        parts = {
            name: list(self._parts(cells[name], _SMALL, width - 1.5)) or [""] for name, width in _COLUMNS
        }
        height = max(map(len, parts.values()))
        self._need(height * 4.6)
        left = _LEFT
        for name, width in _COLUMNS:
            for number, part in enumerate(parts[name]):
                self._write(left, self._y + number * 4.6, part, _SMALL)
            left += width
        self._y += height * 4.6

    def _parts(self, text: str, size: float, width: float) -> Iterable[str]:
        """Pieces of ``text`` that fit: broken anywhere, as Chinese is."""
        self.pdf.set_font("uming", size=size)
        part = ""
        for symbol in self._shown(text):
            if part and self.pdf.get_string_width(part + symbol) > width:
                yield part
                part = ""
            part += symbol
        if part:
            yield part

    def _write(self, left: float, top: float, text: str, size: float) -> None:
        self.pdf.set_font("uming", size=size)
        self.pdf.text(left, top + size * 0.36, self._shown(text))

    def _shown(self, text: str) -> str:
        """A character that the font lacks is named by its number, so that a person can write it in."""
        return "".join(c if ord(c) in self._known or c == "\n" else f"[U+{ord(c):04X}]" for c in text)

    def _box(self, left: float, top: float, width: float, height: float, caption: str) -> None:
        self.pdf.set_draw_color(90)
        self.pdf.rect(left, top, width, height)
        self._write(left + 2, top + 2, caption, _SMALL)

    def _rule(self) -> None:
        self._y += 1.0
        self.pdf.set_draw_color(160)
        self.pdf.line(_LEFT, self._y, _RIGHT, self._y)
        self._y += 2.0

    def _need(self, height: float) -> None:
        if self._y + height > _BOTTOM:
            self._begin_page()

    def _begin_page(self) -> None:
        """A new page, with the watermark under everything that will be written on it."""
        self.pdf.add_page()
        self._y = _TOP
        if not self._watermark:
            return
        self.pdf.set_font("uming", size=_WATERMARK)
        self.pdf.set_text_color(225)
        for middle in _WATERMARKS_MM:
            with self.pdf.rotation(30, x=_A5_MM[0] / 2, y=middle):
                width = self.pdf.get_string_width(self._watermark)
                self.pdf.text((_A5_MM[0] - width) / 2, middle, self._watermark)
        self.pdf.set_text_color(0)


def _code(content: str) -> io.BytesIO:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4, box_size=6)
    code.add_data(content)
    picture = io.BytesIO()
    code.make_image().save(picture, "PNG")
    picture.seek(0)
    return picture
