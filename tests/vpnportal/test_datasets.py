"""Data sets: imports that refuse, versions, groups, resumed downloads (rows B13, S02; nhi-domain §8.6)."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.vpnportal.box import Box
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.samples import NOW
from visitbridge.domain.datasets import CODE_TABLES, QPA_SETS
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.uploads import DataSetInfo, DataSetManifest, DataSetRow, GroupChoice
from vpnportal.dataset_files import STARTER, public_files, read_csv, starter_names, with_starter
from vpnportal.datasets import KEPT_VERSIONS, DataSetShelf

ROWS = (
    DataSetRow(code="QD", name_zh="每日一次", attributes={"per_day": "1"}),
    DataSetRow(code="X1", name_en="heading", billable=False),
)
PUBLISHED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def shelf(portal: RunningPortal) -> DataSetShelf:
    return DataSetShelf(portal.database, portal.folder / "datasets")


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (
            "code,name_zh,name_en,billable\nA,甲,a,0\n",
            (DataSetRow(code="A", name_zh="甲", name_en="a", billable=False),),
        ),
        ("code,display,definition\nPO,口服,\n", (DataSetRow(code="PO", name_zh="口服"),)),
        (
            "code,display,definition\nBC1,DRUG 5MG,note\n",
            (DataSetRow(code="BC1", name_en="DRUG 5MG", attributes={"definition": "note"}),),
        ),
        (
            "code,name,takes_seq\n01,西醫門診,Y\n",
            (DataSetRow(code="01", name_zh="西醫門診", attributes={"takes_seq": "Y"}),),
        ),
        ('\ufeffcode,name_zh\r\nA,"甲, 乙"\r\n', (DataSetRow(code="A", name_zh="甲, 乙"),)),
        (" code , name_zh \n A , 甲 \n", (DataSetRow(code="A", name_zh="甲"),)),
    ],
)
def test_tables_that_are_read(tmp_path: Path, text: str, rows: tuple[DataSetRow, ...]) -> None:
    assert read_csv(write(tmp_path, text)) == rows


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "table.csv:1:code"),
        ("name_zh\n甲\n", "table.csv:1:code"),
        ("code\nA\n", "table.csv:1:name_zh"),
        ("code,name_zh,Größe\nA,甲,1\n", "table.csv:1:Größe"),
        ("code,name_zh,code\nA,甲,B\n", "table.csv:1:code"),
        ("code,name_zh\n", "table.csv:2"),
        ("code,name_zh\nA,甲\nB\n", "table.csv:3"),
        ("code,name_zh\nA,甲,x\n", "table.csv:2"),
        ("code,name_zh\nA,甲\nB,乙\nA,丙\n", "table.csv:4:code"),
        ("code,name_zh\n,甲\n", "table.csv:2:code"),
        ("code,name_zh\nA B,甲\n", "table.csv:2:code"),
        (f"code,name_zh\n{'A' * 21},甲\n", "table.csv:2:code"),
        ("code,name_zh\nA,\n", "table.csv:2:name_zh"),
        ("code,name_zh,billable\nA,甲,yes\n", "table.csv:2:billable"),
        ("code,name_zh\nA,甲\x00\n", "table.csv:2:name_zh"),
        (f"code,name_zh\nA,{'甲' * 4001}\n", "table.csv:2:name_zh"),
        ('code,name_zh\nA,甲\nB,"乙" x\n', "table.csv:3"),
        ('code,name_zh\n"A\nB",甲\nC\n', "table.csv:2:code"),
        ('code,name_zh\nA,"甲\n乙"\nC\n', "table.csv:4"),
        (b"code,name_zh\nA,\xa5\xd2\n", "table.csv:2"),
        ("code,name_zh\nA,甲\n\nB,乙\n", "table.csv:3"),
    ],
)
def test_tables_that_are_refused_with_line_and_column(tmp_path: Path, text: str | bytes, field: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        read_csv(write(tmp_path, text))
    assert caught.value.field == field


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FieldInvalid) as caught:
        read_csv(tmp_path / "nothing.csv")
    assert caught.value.field == "nothing.csv"


@pytest.mark.parametrize("name", starter_names())
def test_every_starter_set_passes_its_own_import(name: str) -> None:
    rows = read_csv(STARTER / f"{name}.csv")
    assert all(row.name_zh and row.name_en for row in rows)


def test_the_starter_sets_are_those_a_visit_needs() -> None:
    sizes = {name: len(read_csv(STARTER / f"{name}.csv")) for name in starter_names()}
    assert sizes["icd10"] >= 60
    assert sizes["drugs"] >= 40
    assert set(sizes) == {
        *("icd10", "drugs", "departments", "routes", "frequencies", "case_types"),
        *("payment_categories", "visit_types", "copay", "dispensing"),
        *("materials", "tests", "fees", "self_paid", "special_items", "packages"),
        *("my_diagnoses", "my_orders", "device_settings"),
    }
    assert set(sizes) == {*CODE_TABLES, *QPA_SETS}


def test_M09_a_package_is_made_of_codes_that_the_other_sets_have() -> None:
    known = {name: {row.code for row in read_csv(STARTER / f"{name}.csv")} for name in starter_names()}
    sets = {"drug": "drugs", "test": "tests", "service": "fees", "material": "materials"}
    for row in read_csv(STARTER / "packages.csv"):
        orders = msgspec.json.decode(row.attributes["orders"], type=list[dict[str, Any]])
        assert {each["code"] for each in orders if each["code"] not in known[sets[each["kind"]]]} == set()
        diagnoses = msgspec.json.decode(row.attributes["diagnoses"], type=list[dict[str, str]])
        assert {each["code"] for each in diagnoses} <= known["icd10"]
    assert {row.code for row in read_csv(STARTER / "my_diagnoses.csv")} <= known["icd10"]
    whole = known["drugs"] | known["fees"] | known["materials"] | known["tests"]
    assert {row.code for row in read_csv(STARTER / "my_orders.csv")} <= whole


def test_starter_drugs_are_obviously_nobodys_and_name_known_words() -> None:
    drugs = read_csv(STARTER / "drugs.csv")
    frequencies = {row.code for row in read_csv(STARTER / "frequencies.csv")}
    routes = {row.code for row in read_csv(STARTER / "routes.csv")}
    assert {row.code[:4] for row in drugs} == {"TEST"}
    assert {row.attributes["frequency"] for row in drugs} <= frequencies
    assert {row.attributes["route"] for row in drugs} <= routes
    assert frequencies >= {"QD", "BID", "TID", "QID", "QOD", "HS", "AM", "PM", "PRN", "STAT"}


def test_what_a_published_table_lacks_is_added_and_what_it_has_is_kept() -> None:
    given = (DataSetRow(code="TID", name_zh="別的說法"), DataSetRow(code="Q7X", name_zh="只有這裡有"))
    merged = {row.code: row for row in with_starter("frequencies", given)}
    assert merged["TID"].name_zh == "別的說法"
    assert {"Q7X", "QD"} <= merged.keys()


def test_published_tables_that_are_at_hand_can_be_imported() -> None:
    for name, path in public_files(PUBLISHED):
        assert with_starter(name, read_csv(path))


async def test_a_box_gets_the_manifest_and_the_very_bytes(box: Box, shelf: DataSetShelf) -> None:
    info, changed = shelf.put("frequencies", ROWS, NOW)
    assert changed
    manifest = (await box.ask("GET", "/datasets")).as_(DataSetManifest)
    assert manifest.datasets == (info,)
    answer = await box.ask("GET", f"/datasets/frequencies/{info.version}")
    assert answer.status == 200
    assert (len(answer.body), hashlib.sha256(answer.body).hexdigest()) == (info.size_bytes, info.sha256)
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert msgspec.json.Decoder(DataSetRow).decode_lines(answer.body) == list(ROWS)


async def test_a_download_is_resumed_where_it_stopped(box: Box, shelf: DataSetShelf) -> None:
    info, _ = shelf.put("frequencies", ROWS, NOW)
    path = f"/datasets/frequencies/{info.version}"
    whole = await box.ask("GET", path)
    rest = await box.ask("GET", path, headers={"Range": "bytes=10-"})
    assert (rest.status, rest.body) == (206, whole.body[10:])
    assert rest.headers["Content-Range"] == f"bytes 10-{info.size_bytes - 1}/{info.size_bytes}"
    beyond = await box.ask("GET", path, headers={"Range": f"bytes={info.size_bytes}-"})
    assert beyond.status == 416
    assert beyond.headers["DC-Epoch"]


@pytest.mark.parametrize("path", ["/datasets/frequencies/none", "/datasets/../x", "/datasets/none/1"])
async def test_what_is_not_on_offer_is_not_found(box: Box, shelf: DataSetShelf, path: str) -> None:
    shelf.put("frequencies", ROWS, NOW)
    (await box.ask("GET", path)).problem(404, "not_found")


def test_the_same_content_is_no_new_version(shelf: DataSetShelf) -> None:
    first, _ = shelf.put("frequencies", ROWS, NOW)
    second, changed = shelf.put("frequencies", ROWS, NOW + dt.timedelta(days=1))
    assert (second, changed) == (first, False)


def test_versions_sort_by_time_and_old_ones_go(portal: RunningPortal, shelf: DataSetShelf) -> None:
    versions: list[DataSetInfo] = []
    for day in range(KEPT_VERSIONS + 1):
        rows = (DataSetRow(code=f"D{day}", name_zh="某日"),)
        versions.append(shelf.put("routes", rows, NOW + dt.timedelta(days=day))[0])
    assert [info.version for info in versions] == sorted(info.version for info in versions)
    files = {path.name for path in (portal.folder / "datasets").iterdir()}
    assert files == {f"routes-{info.version}.jsonl" for info in versions[1:]}


async def test_a_group_has_its_own_sets_and_shares_the_default_ones(
    portal: RunningPortal, box: Box, shelf: DataSetShelf
) -> None:
    shelf.put("routes", ROWS, NOW)
    default, _ = shelf.put("frequencies", ROWS, NOW)
    own, _ = shelf.put("frequencies", ROWS[:1], NOW + dt.timedelta(hours=1), group="hospice")
    assert {info.name for info in portal.database.transact(lambda c: shelf.manifest(c, "hospice"))} == {
        "routes",
        "frequencies",
    }
    assert own in portal.database.transact(lambda c: shelf.manifest(c, "hospice"))
    offered = (await box.ask("GET", "/datasets")).as_(DataSetManifest).datasets
    assert default in offered
    (await box.ask("GET", f"/datasets/frequencies/{own.version}")).problem(404, "not_found")


async def test_S02_a_box_chooses_its_group_among_those_on_offer(box: Box, shelf: DataSetShelf) -> None:
    default, _ = shelf.put("packages", ROWS, NOW)
    own, _ = shelf.put("packages", ROWS[:1], NOW + dt.timedelta(hours=1), group="hospice")
    before = (await box.ask("GET", "/datasets")).as_(DataSetManifest)
    chosen = await box.ask("POST", "/device/dataset-group", GroupChoice(group="hospice"))
    after = (await box.ask("GET", "/datasets")).as_(DataSetManifest)

    assert before == DataSetManifest(datasets=(default,), group="default", groups=("default", "hospice"))
    assert chosen.as_(DataSetManifest) == after
    assert after == DataSetManifest(datasets=(own,), group="hospice", groups=("default", "hospice"))


async def test_S02_a_group_without_a_set_is_refused_and_changes_nothing(
    box: Box, shelf: DataSetShelf
) -> None:
    shelf.put("packages", ROWS, NOW)
    refused = await box.ask("POST", "/device/dataset-group", GroupChoice(group="hospice"))

    assert refused.problem(400, "malformed").field == "group"
    assert (await box.ask("GET", "/datasets")).as_(DataSetManifest).group == "default"


@pytest.mark.parametrize(("name", "group", "field"), [("../x", "default", "name"), ("x", "A B", "group")])
def test_names_are_plain_words(shelf: DataSetShelf, name: str, group: str, field: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        shelf.put(name, ROWS, NOW, group=group)
    assert caught.value.field == field
