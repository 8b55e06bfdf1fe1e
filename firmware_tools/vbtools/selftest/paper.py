"""The report as a page to file: A4, in both languages, for whoever signs a box out."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from vbtools.provision.labels import FONT
from vbtools.selftest.model import Report
from vbtools.selftest.wording import Line, describe, verdict
from visitbridge.errors import FieldInvalid
from visitbridge.words import LANGUAGES, load_catalogue

_FACE: Final = 2
_MARGIN_MM, _BODY, _SMALL, _TITLE = 18.0, 10.5, 8.0, 17.0


def draw(report: Report, fingerprint: str, *, font: Path = FONT) -> bytes:
    """``fingerprint``: of the key that will sign these bytes. Raises FieldInvalid (``font``)."""
    if not font.is_file():
        raise FieldInvalid(f"{font} is missing: install fonts-arphic-uming", field="font")
    page = _Page(font)
    catalogue = load_catalogue()
    chinese, english = (catalogue.texts(language) for language in LANGUAGES)
    page.write(_TITLE, f"{report.box}　{chinese['tools.selftest.title']}")
    page.write(_BODY, english["tools.selftest.title"])
    for language in LANGUAGES:
        page.write(_BODY + 2, verdict(report, catalogue, language), gap=2)
    if any(finding.virtual for finding in report.findings):
        page.write(_BODY, f"{chinese['tools.selftest.virtual']}　{english['tools.selftest.virtual']}")
    page.write(_SMALL, f"{report.machine} · {report.system} · visitbridge {report.version}")
    page.write(
        _SMALL,
        f"{report.began_at.isoformat(timespec='seconds')} – {report.ended_at.isoformat(timespec='seconds')} · × {report.rounds}",
        gap=4,
    )
    both = zip(*(describe(report, catalogue, language) for language in LANGUAGES), strict=True)
    for own, other in both:
        page.finding(own, other)
    page.write(_SMALL, f"Ed25519 · SHA-256 {fingerprint}", gap=0)
    page.write(
        _SMALL, f"{chinese['tools.selftest.how_to_verify']}　{english['tools.selftest.how_to_verify']}"
    )
    return page.bytes()


class _Page:
    def __init__(self, font: Path) -> None:
        self._pdf = FPDF(format="A4")
        self._pdf.set_margin(_MARGIN_MM)
        self._pdf.set_auto_page_break(auto=True, margin=_MARGIN_MM)
        self._pdf.add_font("uming", fname=font, collection_font_number=_FACE)
        self._pdf.set_title("visitbridge self-test")
        self._pdf.add_page()

    def write(self, size: float, text: str, *, gap: float = 1.0) -> None:
        self._pdf.set_font("uming", size=size)
        self._pdf.multi_cell(0, size * 0.5, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._pdf.ln(gap)

    def finding(self, own: Line, other: Line) -> None:
        self.write(_BODY, f"{own.outcome}　{own.probe}　{other.probe}: {other.outcome}", gap=0)
        for text in (own.advice, other.advice, own.facts):
            if text:
                self.write(_SMALL, text, gap=0)
        self._pdf.ln(2.5)

    def bytes(self) -> bytes:
        return bytes(self._pdf.output())
