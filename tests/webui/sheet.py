"""Writes ``docs/screens.md``: a chosen set of the pictures that ``tests/webui`` takes, small, with captions.

Run ``python -m pytest tests/webui/test_screens.py`` first, then ``python -m tests.webui.sheet``, look at the pages, and
commit ``docs/screens.md`` with ``docs/pictures/screens``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "screens.md"
PICTURES = ROOT / "docs" / "pictures" / "screens"
MOST_BYTES = 1_200_000
_TAKEN = ROOT / ".artifacts" / "webui"
_WIDTH_PX = 300
_QUALITY = 60
_IN_A_ROW = 3
_HEAD = """# Screens

Chosen from the pictures that `tests/webui/test_screens.py` takes of every screen in every state, in Debian's Chromium against a box that
answers from sample data: nobody here is real. Each of them exists at 390 × 844, at 320 × 568, in the dark and in large letters, the main
ones also at 320 × 568 in the dark, and each was measured: axe-core finds nothing, every target has 44 px or more, nothing is wider than the phone.

To renew this page: `.venv/bin/python -m pytest tests/webui/test_screens.py`, then `.venv/bin/python -m tests.webui.sheet`.
"""


@dataclass(frozen=True)
class Shot:
    """``name``: of the picture as the tests keep it, without its ending."""

    name: str
    caption: str


CHAPTERS: dict[str, tuple[Shot, ...]] = {
    "A phone comes to the box": (
        Shot("pair-390", "The link of another phone was scanned: give this phone a name"),
        Shot("pair-code-390", "The six digits that the other phone shows after 允許"),
        Shot("asked-390", "The other phone is asked, whatever it shows"),
        Shot("setup-new-390", "First set-up: what is next is marked"),
        Shot("bind-390", "The box is bound to its institution by QR-2"),
        Shot("setup-ready-390", "Everything is ticked"),
        Shot("locked-390", "Fifteen minutes later: locked, without a patient on screen"),
        Shot("locked-no-code-offline-390", "Opened by another phone when there is no line"),
        Shot("over-390", "After twelve hours"),
    ),
    "Before leaving": (
        Shot("home-390", "Home: the card in the reader, what to do next"),
        Shot("departure-390", "出門前檢查, all fit"),
        Shot("departure-not-ready-390", "出門前檢查, what still needs doing"),
        Shot("today-390", "Today's list"),
        Shot("consent-new-390", "A consent on paper becomes one in the box"),
        Shot("records-table-390", "Records fetched before, as a table on its side"),
    ),
    "The visit": (
        Shot("sign-in-390", "A health-professional card and its PIN"),
        Shot("sign-in-wrong-390", "A wrong PIN: how many tries are left"),
        Shot("start-390", "Patient recognised"),
        Shot(
            "virtual-card-maybe-390",
            "A virtual card's code: what it is, and what to do as long as the box cannot use it",
        ),
        Shot("start-offline-390", "No VPN: F00B is offered, and what it means"),
        Shot("visit-saved-390", "已存在盒子 is a word of the box, after its commit"),
        Shot("pick-diagnosis-390", "Codes by the first letters"),
        Shot("order-390", "A drug: dose, days, total"),
        Shot("order-left-390", "餘藥: what is left at home"),
        Shot("virtual-orders-390", "Virtual orders with their proofs"),
        Shot("stay-390", "Stay, fees and amounts"),
        Shot("signature-390", "Signed on the phone"),
        Shot("finish-390", "Finish, in one of four ways"),
        Shot("finish-lacks-390", "What is lacking, with its reason, before it is tried"),
        Shot("result-done-390", "Four flags, all done"),
        Shot("result-waiting-390", "What waits, and for what"),
    ),
    "When something is wrong": (
        Shot("home-worst-strip-390", "The strip at its worst: all in words"),
        Shot("status-down-390", "The first broken hop"),
        Shot("visit-conflict-390", "Saved elsewhere meanwhile: both are kept"),
        Shot("visit-disk-full-390", "A full disk"),
        Shot("visit-other-phone-390", "Another phone is writing"),
        Shot("correct-390", "The insurer sent it back: the field by name"),
        Shot("outbox-390", "待傳: every upload with its reason"),
        Shot("help-390", "Whom to call, and whether somebody answers"),
        Shot("status-rescued-390", "A damaged store was replaced by its backup"),
    ),
    "Learning": (
        Shot("tour-390", "The guided tour, beside what it speaks of"),
        Shot("training-open-390", "訓練模式: rooms of their own on the same box"),
        Shot("training-home-390", "Inside: the striped banner and the mark, on every page"),
        Shot("lessons-390", "Eight lessons"),
        Shot("lessons-begun-390", "A lesson under way: what was done, what is next, the cards on the table"),
        Shot("lessons-passed-390", "Passed"),
    ),
    "News": (
        Shot("home-urgent-390", "An urgent announcement on the start page"),
        Shot("announcements-390", "公告訊息, read by each person"),
    ),
    "On paper and as a file": (
        Shot("prescription-390", "The prescription's QR code"),
        Shot("prescription-waits-390", "Not yet: what it waits for"),
        Shot("export-unfit-390", "Characters that Big5 lacks, before an export"),
    ),
    "Settings": (
        Shot("settings-390", "Everything about the box"),
        Shot("readers-390", "Card readers"),
        Shot("phones-390", "Phones and their roles"),
        Shot("datasets-390", "Code tables and their versions"),
        Shot("retention-390", "Clearing history: the counts first"),
        Shot("lab-390", "The lab: cards and breakdowns at a press"),
    ),
    "The same in the dark, in large letters, on a small phone": (
        Shot("home-390-dark", "Home in the dark"),
        Shot("visit-390-dark", "A visit in the dark"),
        Shot("outbox-390-dark", "待傳 in the dark"),
        Shot("home-390-large", "Home in large letters"),
        Shot("visit-390-large", "A visit in large letters"),
        Shot("finish-390-large", "Finish in large letters"),
        Shot("home-320", "Home at 320 × 568"),
        Shot("visit-320", "A visit at 320 × 568"),
        Shot("visit-320-large", "And in large letters"),
        Shot("home-320-dark", "Home at 320 × 568 in the dark"),
        Shot("visit-320-dark", "A visit there"),
        Shot("status-down-320-dark", "The first broken hop there"),
    ),
}


def page() -> str:
    """The text of ``docs/screens.md``."""
    return "\n".join([_HEAD, *(_chapter(title, shots) for title, shots in CHAPTERS.items())])


def _chapter(title: str, shots: tuple[Shot, ...]) -> str:
    rows = [shots[start : start + _IN_A_ROW] for start in range(0, len(shots), _IN_A_ROW)]
    lines = [f"## {title}", ""]
    for row in rows:
        blank = [""] * (_IN_A_ROW - len(row))
        lines += [
            _cells([f"![{shot.caption}](pictures/screens/{shot.name}.webp)" for shot in row] + blank),
            _cells(["---"] * _IN_A_ROW),
            _cells([shot.caption for shot in row] + blank),
            "",
        ]
    return "\n".join(lines)


def _cells(texts: list[str]) -> str:
    return f"| {' | '.join(texts)} |"


def main() -> int:
    """Write page and pictures; 1 when a picture was not taken, naming those."""
    names = [shot.name for shots in CHAPTERS.values() for shot in shots]
    missing = [name for name in names if not (_TAKEN / f"{name}.png").is_file()]
    if missing:
        sys.stderr.write(f"not taken yet: {', '.join(missing)}; run tests/webui/test_screens.py first\n")
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    for old in PICTURES.glob("*.webp"):
        old.unlink()
    for name in names:
        with Image.open(_TAKEN / f"{name}.png") as taken:
            height_px = round(taken.height * _WIDTH_PX / taken.width)
            small = taken.convert("RGB").resize((_WIDTH_PX, height_px), Image.Resampling.LANCZOS)
        small.save(PICTURES / f"{name}.webp", quality=_QUALITY, method=6)
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(
        f"{len(names)} pictures, {sum(each.stat().st_size for each in PICTURES.iterdir())} bytes\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
