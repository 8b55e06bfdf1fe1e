"""The page as a pharmacy gets it: what can be read and scanned from the paper (O05)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import msgspec
import pytest
import zxingcpp
from PIL import Image

from visitbridge.adapters.paper import WorkerPaper
from visitbridge.adapters.paper.page import draw_page
from visitbridge.domain.prescription_sheet import PrescriptionSheet, SheetDrug
from visitbridge.errors import PaperFailed
from visitbridge.words import load_catalogue

TEXTS = {
    key.removeprefix("paper."): text
    for key, text in load_catalogue().texts("zh-Hant-TW").items()
    if key.startswith("paper.")
}
DRUG = SheetDrug(
    code="AC12345100",
    name="示範降壓錠 5 毫克",
    dose="1",
    frequency="BID",
    route="PO",
    days="28",
    total="56",
    refills=0,
)
SHEET = PrescriptionSheet(
    institution_code="0000000001",
    institution_name="示範居家護理所",
    patient_name="測試病人甲",
    patient_id="A12****789",
    birth_date="0390101",
    sex="F",
    visit_at="1151122 09:30",
    sequence_no="0012",
    practitioner="示範醫師",
    diagnoses=("I10 本態性高血壓",),
    drugs=(DRUG,),
    qr_text="VB0000000001;1;;測試病人甲",
    passphrase="7F3A22KQ",
    print_no=2,
    printed_at="1151122 10:05",
)


def printed(page: bytes, folder: Path) -> tuple[str, list[str]]:
    """Words on the paper, and what a scanner reads from it at 200 dpi."""
    file = folder / "page.pdf"
    file.write_bytes(page)
    words = subprocess.run(
        ["pdftotext", "-layout", str(file), "-"], check=True, capture_output=True, text=True
    )
    subprocess.run(["pdftoppm", "-r", "200", "-gray", "-png", str(file), str(folder / "page")], check=True)
    codes = [
        code.text
        for image in sorted(folder.glob("page*.png"))
        for code in zxingcpp.read_barcodes(Image.open(image))
    ]
    return words.stdout, codes


async def test_O05_the_paper_bears_the_code_the_passphrase_and_room_to_stamp_and_sign(tmp_path: Path) -> None:
    words, codes = printed(await WorkerPaper(TEXTS).make(SHEET), tmp_path)

    assert codes == [SHEET.qr_text]
    for text in (
        "處方箋",
        "示範居家護理所",
        "測試病人甲",
        "A12****789",
        "AC12345100",
        "7F3A22KQ",
        "第 2 次列印",
    ):
        assert text in words
    assert "處方院所核章" in words
    assert "醫師簽章" in words


async def test_O05_what_is_not_uploaded_says_so_in_place_of_a_code(tmp_path: Path) -> None:
    sheet = msgspec.structs.replace(SHEET, qr_text="", passphrase="")

    words, codes = printed(await WorkerPaper(TEXTS).make(sheet), tmp_path)

    assert codes == []
    assert "尚未上傳" in words
    assert "通關密碼" not in words


@pytest.mark.parametrize(("training", "marks"), [(True, 3), (False, 0)])
def test_a_page_of_training_bears_it_across_the_paper(tmp_path: Path, training: bool, marks: int) -> None:
    sheet = msgspec.structs.replace(SHEET, training=training)

    words, codes = printed(draw_page(sheet, TEXTS), tmp_path)

    assert (words.count("訓"), words.count("練")) == (marks, marks)
    assert codes == [SHEET.qr_text]


def test_every_further_page_of_training_bears_it_too(tmp_path: Path) -> None:
    sheet = msgspec.structs.replace(SHEET, training=True, drugs=(DRUG,) * 60)

    words, _ = printed(draw_page(sheet, TEXTS), tmp_path)

    pages = words.rstrip("\f\n").split("\f")
    assert len(pages) > 1
    assert all("訓" in page for page in pages)


REPEATED = msgspec.structs.replace(DRUG, code="AC99999100", refills=3)


@pytest.mark.parametrize(
    ("drugs", "said"),
    [((DRUG,), 0), ((REPEATED,), 1), ((REPEATED, REPEATED), 1), ((DRUG, REPEATED), 1)],
    ids=["once", "repeated", "both repeated", "one of two"],
)
def test_a_repeat_prescription_says_how_often(
    drugs: tuple[SheetDrug, ...], said: int, tmp_path: Path
) -> None:
    words, _ = printed(draw_page(msgspec.structs.replace(SHEET, drugs=drugs), TEXTS), tmp_path)

    assert words.count("可領 3 次") == said


def test_a_medicine_for_once_is_not_taken_for_repeated_beside_one_that_is(tmp_path: Path) -> None:
    sheet = msgspec.structs.replace(SHEET, drugs=(REPEATED, DRUG))
    words, _ = printed(draw_page(sheet, TEXTS), tmp_path)

    of_the_repeated, _, of_the_other = words.partition(DRUG.code)
    assert "可領 3 次" in of_the_repeated.partition(REPEATED.code)[2]
    assert "可領" not in of_the_other


def test_M09_what_the_patient_pays_for_says_so_beside_what_the_insurer_pays_for(tmp_path: Path) -> None:
    paid = msgspec.structs.replace(DRUG, code="SP1", self_paid=True)
    words, _ = printed(draw_page(msgspec.structs.replace(SHEET, drugs=(DRUG, paid)), TEXTS), tmp_path)

    of_the_drug, _, of_the_paid = words.partition(paid.code)
    assert "自費" not in of_the_drug
    assert "自費，不在 QR" in of_the_paid


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("游錫堃", "游錫堃", id="beyond Big5's common part"),
        pytest.param("𡘙", "𡘙", id="beyond the basic plane, in the font"),
        pytest.param("王𠅤", "王[U+20164]", id="in no font here: named by its number"),
    ],
)
def test_rare_characters_are_shown(name: str, shown: str, tmp_path: Path) -> None:
    words, _ = printed(draw_page(msgspec.structs.replace(SHEET, patient_name=name), TEXTS), tmp_path)

    assert shown in words


def test_a_long_prescription_goes_on_to_further_pages_and_loses_no_line(tmp_path: Path) -> None:
    drugs = tuple(msgspec.structs.replace(DRUG, code=f"AC{number:08d}") for number in range(60))
    page = draw_page(msgspec.structs.replace(SHEET, drugs=drugs), TEXTS)

    words, codes = printed(page, tmp_path)

    assert len(re.findall(rb"/Type /Page\b(?!s)", page)) > 1
    assert all(drug.code in words for drug in drugs)
    assert codes == [SHEET.qr_text]


async def test_a_worker_that_cannot_work_is_an_error_and_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visitbridge.adapters.paper.maker._WORKER", "visitbridge.adapters.paper.nowhere")

    with pytest.raises(PaperFailed):
        await WorkerPaper(TEXTS).make(SHEET)


async def test_a_worker_that_takes_too_long_is_ended() -> None:
    with pytest.raises(PaperFailed):
        await WorkerPaper(TEXTS, deadline_s=0.001).make(SHEET)
