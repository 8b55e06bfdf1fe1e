"""Records before departure with the whole box: consent, download, reading without a line, withdrawal (L01-L06, M17)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.scenario.day import Day, open_day
from visitbridge.domain.datasets import CODE_TABLES, QPA_SETS

WANG = {"id_no": "A123456788", "name": "王測試", "birth_date": "1941-03-08"}
TAIPEI = dt.timezone(dt.timedelta(hours=8))

L02 = (
    *("門住診別", "主診斷碼", "藥品健保代碼", "用法用量", "就醫日期", "慢連箋領藥日", "藥品用量", "給藥日數"),
    *("就醫序號", "醫事機構代碼", "慢連箋原處方醫事機構代碼"),
)
"""Columns as the source documents print them (S0 L562, L572)."""
L04 = (
    *(
        "門住診別",
        "費用年月",
        "就醫科別代碼",
        "主診斷碼",
        "醫令代碼",
        "診療部位",
        "執行時間-起",
        "執行時間-迄",
    ),
    *("醫令總量", "醫事機構代碼"),
)
"""As printed (S0 L575-578)."""


def terms(*kinds: str, days: int = 30) -> dict[str, Any]:
    today = dt.datetime.now(TAIPEI).date()
    return {
        "terms": {
            "kinds": kinds or ["drugs", "tests", "visits", "allergies"],
            "signer": "family",
            "signed_on": today.isoformat(),
            "until": (today + dt.timedelta(days=days)).isoformat(),
        }
    }


async def plan(day: Day, person: dict[str, str] = WANG) -> Any:
    planned_at = dt.datetime.now(TAIPEI).replace(hour=23, minute=0, second=0, microsecond=0)
    return await day.call("POST", "/api/plans", {"planned_at": planned_at.isoformat(), "person": person})


async def consent(day: Day, *kinds: str) -> str:
    planned = await plan(day)
    given = await day.call("POST", f"/api/plans/{planned['plan_id']}/consent", terms(*kinds))
    return str(given["consent_id"])


async def test_L06_records_before_departure_and_their_end() -> None:
    """L02, L04, L06, L07, M17 over the API: all columns by their names, the other tables, what is left of a drug."""
    async with open_day(use_pcscd=False) as day:
        await day.sign_in()
        consent_id = await consent(day)
        outcome = await day.call("POST", "/api/records/fetch", {"consent_ids": [consent_id]})
        assert [(line["consent_id"], line["words"]) for line in outcome] == [(consent_id, "")]

        await day.link("down", shown="down")
        view = await day.call("GET", f"/api/consents/{consent_id}/records")
        tables = {table["kind"]: table for table in view["tables"]}
        assert {kind: len(table["rows"]) for kind, table in tables.items()} == {
            "drugs": 3,
            "tests": 2,
            "visits": 3,
            "allergies": 1,
        }
        assert tuple(tables["drugs"]["columns"][:11]) == L02
        assert tuple(tables["tests"]["columns"][: len(L04)]) == L04
        assert tables["drugs"]["rows"][0]["values"]["醫事機構代碼"] == "9999999901"

        await day.insert("patient-wang")
        visit_id = (await day.start())["visit"]["visit_id"]
        assert (await day.call("GET", f"/api/visits/{visit_id}/records")) == view
        left = await day.call("GET", f"/api/visits/{visit_id}/leftover?code=TEST000001")
        assert left["known"]
        assert [(each["remaining_days"], each["is_duplicate"]) for each in left["medicines"]] == [(15, True)]

        revoked = await day.call("POST", f"/api/consents/{consent_id}/revoke", {"why": "家屬來電"})
        assert (revoked["act"], revoked["fetched_at"]) == ("revoked", None)
        assert (await day.call("GET", f"/api/visits/{visit_id}/records"))["code"] == "GW-ACC-20"
        left = await day.call("GET", f"/api/visits/{visit_id}/leftover")
        assert (left["known"], left["medicines"]) == (False, [])
        ledger = await day.call("GET", "/api/consent-ledger")
        assert [row["entry"]["act"] for row in ledger["rows"]] == ["given", "revoked"]
        assert (await day.call("GET", "/api/consent-ledger/check"))["broken_at"] is None
        uses = day.portal("select consent, id_no, kinds from consent_uses")
        assert uses == [(consent_id, "A123456788", "drugs,tests,visits,allergies")]


W05 = {
    "drugs": (L02, 3),
    "allergies": (("過敏藥物", "過敏症狀", "嚴重程度", "上傳日期"), 1),
    "controlled": (("藥品健保代碼", "藥品名稱", "用法用量", "就醫日期", "藥品用量", "給藥日數"), 1),
    "clotting": (("藥品健保代碼", "藥品名稱", "用法用量", "就醫日期", "藥品用量", "給藥日數"), 0),
    "chinese": (("藥品健保代碼", "藥品名稱", "用法用量", "就醫日期", "藥品用量", "給藥日數"), 1),
    "tests": (L04, 2),
    "results": (("檢驗項目", "檢驗結果", "單位", "參考值"), 2),
    "imaging": (("醫令代碼", "醫令名稱", "診療部位", "檢查結果", "病理診斷"), 1),
    "visits": (("就醫日期", "門住診別", "就醫科別代碼", "主診斷碼"), 3),
    "surgery": (("執行時間-起", "醫令代碼", "醫令名稱", "主診斷碼"), 1),
    "dental": (("就醫日期", "醫令代碼", "醫令名稱", "主診斷碼", "診療部位"), 1),
    "discharge": (("住院日期", "出院日期", "主診斷碼"), 1),
    "rehab": (("就醫日期", "醫令代碼", "醫令名稱"), 1),
}
"""The tabs of the cloud, what their tables begin with (nhi-domain §7.1), and how many lines the stand-in has of 王測試."""


async def test_W05_every_tab_is_downloaded_read_without_a_line_and_gone_with_the_consent() -> None:
    """W05, L07: also the allergies where a medicine is prescribed, and that nobody can tell them any more afterwards."""
    async with open_day(use_pcscd=False) as day:
        await day.sign_in()
        consent_id = await consent(day, *W05)
        await day.call("POST", "/api/records/fetch", {"consent_ids": [consent_id]})
        await day.link("down", shown="down")
        await day.insert("patient-wang")
        visit = f"/api/visits/{(await day.start())['visit']['visit_id']}"

        tables = (await day.call("GET", f"{visit}/records"))["tables"]
        assert [table["kind"] for table in tables] == [*W05]
        for table, (columns, lines) in zip(tables, W05.values(), strict=True):
            assert (tuple(table["columns"][: len(columns)]), len(table["rows"])) == (columns, lines)
            assert set(table["keys"]) <= set(table["columns"])
        results = next(table for table in tables if table["kind"] == "results")["rows"]
        assert [
            [row["values"][name] for name in ("檢驗項目", "檢驗結果", "單位", "參考值")] for row in results
        ] == [["糖化血色素", "7.1", "%", "4.0-5.6"], ["肌酸酐", "1.4", "mg/dL", "0.7-1.2"]]

        told = await day.call("GET", f"{visit}/allergies")
        assert [(each["drug"], each["symptom"], each["severity"]) for each in told["recorded"]] == [
            ("示範抗生素", "皮疹", "輕度")
        ]
        await day.call("POST", f"/api/consents/{consent_id}/revoke", {"why": "家屬來電"})
        told = await day.call("GET", f"{visit}/allergies")
        assert (told["known"], told["recorded"]) == (False, [])


async def test_L06_only_what_was_consented_to_and_nothing_without() -> None:
    async with open_day(use_pcscd=False) as day:
        nobody = await plan(day)
        assert nobody["code"] == "GW-ACC-02"
        await day.sign_in()
        consent_id = await consent(day, "drugs")
        assert (await day.call("GET", f"/api/consents/{consent_id}/records"))["code"] == "GW-ACC-20"
        await day.call("POST", "/api/records/fetch", {"consent_ids": [consent_id]})
        view = await day.call("GET", f"/api/consents/{consent_id}/records")
        assert [table["kind"] for table in view["tables"]] == ["drugs"]

        strangers = await plan(day, {**WANG, "id_no": "A987654320"})
        given = await day.call("POST", f"/api/plans/{strangers['plan_id']}/consent", terms())
        (line,) = await day.call("POST", "/api/records/fetch", {"consent_ids": [given["consent_id"]]})
        assert line["words"] == "此人不在貴院居家照護名單內，無法查詢。"

        (first, second) = await day.call("GET", "/api/plans")
        assert (first["id_masked"], first["consent"]["consent_id"]) == ("A12****788", consent_id)
        assert (first["fetched_at"] is not None, second["fetched_at"]) == (True, None)


async def test_L01_L03_card_and_cloud_with_the_card_in_the_reader() -> None:
    async with open_day(use_pcscd=False) as day:
        await day.sign_in()
        await day.insert("patient-wang")
        reader_id = await day.reader()
        refused = await day.call("POST", f"/api/readers/{reader_id}/records", {})
        assert refused["verbatim"] == "一小時內未讀取此人的健保卡，無法查詢雲端資料。"
        contents = await day.call("POST", f"/api/readers/{reader_id}/contents")
        assert contents["basic"]["id_no"] == "A123456788"
        view = await day.call("POST", f"/api/readers/{reader_id}/records", {"kinds": ["drugs"]})

        assert view["fetched_at"] is None
        assert [(table["kind"], len(table["rows"])) for table in view["tables"]] == [("drugs", 3)]
        assert (await day.call("GET", "/api/consents")) == []


def checks(report: dict[str, Any]) -> dict[str, str]:
    return {item["item"]: item["code"] for item in report["items"]}


async def test_B15_ready_to_leave_and_what_is_missing() -> None:
    async with open_day(use_pcscd=False) as day:
        before = await day.call("GET", "/api/departure")
        assert not before["ready"]
        assert (checks(before)["hpc"], checks(before)["list"]) == ("none", "empty")

        await day.sign_in()
        consent_id = await consent(day)
        due = checks(await day.call("GET", "/api/departure"))
        assert (due["records"], due["sam"], due["datasets"]) == ("due", "ok", "today")
        await day.call("POST", "/api/records/fetch", {"consent_ids": [consent_id]})
        after = checks(await day.call("GET", "/api/departure"))
        assert (after["records"], after["clock"], after["queue"]) == ("ok", "data_centre", "ok")


async def test_Q01_Q02_an_earlier_visit_is_taken_over_by_section() -> None:
    async with open_day(use_pcscd=False) as day:
        await day.sign_in()
        await day.insert("patient-wang")
        first = await day.start()
        content = first["visit"]["content"]
        content |= {"subjective": "頭暈", "diagnoses": [{"code": "I10", "name_zh": "高血壓"}]}
        await day.save(first, content)
        await day.finish(first, 1)
        second = await day.start()
        record = second["visit"]
        assert record["visit_id"] != first["visit"]["visit_id"]

        path = f"/api/visits/{record['visit_id']}"
        (former,) = await day.call("GET", f"{path}/former")
        assert (former["subjective"], former["visit_id"]) == ("頭暈", first["visit"]["visit_id"])
        order = {
            "revision": record["revision"],
            "from_visit_id": former["visit_id"],
            "sections": ["diagnoses"],
        }
        taken = await day.call("POST", f"{path}/carry-in", order)
        assert taken == {"revision": record["revision"] + 1, "left_out": []}
        now = (await day.call("GET", path))["visit"]
        assert [each["code"] for each in now["content"]["diagnoses"]] == ["I10"]
        assert (now["content"]["subjective"], now["sequence"], now["visit_at"]) == (
            "",
            None,
            record["visit_at"],
        )


async def test_A10_B13_M09_the_seven_sets_the_categories_and_search() -> None:
    """Over the API; also B14 (nothing missing), M08, M11 (favourites first), M15, M16 (lists to choose from), R03 (download)."""
    async with open_day(use_pcscd=False) as day:
        status = await day.call("GET", "/api/datasets/status")
        assert (status["missing"], status["empty"]) == ([], [])
        sets = {each["name"]: each for each in await day.call("GET", "/api/datasets")}
        assert {*QPA_SETS, *CODE_TABLES} <= sets.keys()
        assert all(each["version"] and each["group"] == "default" for each in sets.values())
        for name in ("packages", "drugs", "materials", "fees", "tests", "self_paid"):
            assert await day.call("GET", f"/api/catalogue/{name}"), name
        hits = await day.call("GET", "/api/catalogue/icd10?q=糖")
        assert [(hit["code"], hit["favourite"]) for hit in hits][:1] == [("E11.9", True)]
        frequencies = {row["code"] for row in await day.call("GET", "/api/catalogue/frequencies")}
        routes = {row["code"] for row in await day.call("GET", "/api/catalogue/routes")}
        assert ({"TID", "QD"} <= frequencies, "PO" in routes) == (True, True)
        assert (await day.call("GET", "/api/catalogue/fees?q=05307C"))[0]["code"] == "05307C"
        again = await day.call("POST", "/api/datasets/refresh")
        assert {each["name"]: each["version"] for each in again}.items() >= {
            each["name"]: each["version"] for each in sets.values()
        }.items()


async def test_S02_the_box_changes_its_group_of_data_sets_and_back() -> None:
    async with open_day(use_pcscd=False) as day:

        async def packages() -> set[str]:
            return {row["code"] for row in await day.call("GET", "/api/catalogue/packages")}

        async def choose(group: str) -> set[tuple[str, str]]:
            sets = await day.call("PUT", "/api/datasets/group", {"group": group})
            return {(each["name"], each["group"]) for each in sets if each["name"] in ("packages", "icd10")}

        whole = await packages()
        assert (await day.call("GET", "/api/datasets/status"))["groups"] == ["default", "hospice"]
        assert await choose("hospice") == {("packages", "hospice"), ("icd10", "default")}
        assert (await packages()) < whole
        assert (await day.call("GET", "/api/state"))["box"]["dataset_group"] == "hospice"
        assert await choose("default") == {("packages", "default"), ("icd10", "default")}
        assert await packages() == whole
