"""The main job, end to end: a visit with the VPN, one without, and the VPN coming back (N01, N04-N08, G02)."""

from __future__ import annotations

import json

import pytest

from tests.scenario.day import Day, Json, open_day
from visitbridge.protocols.ic_upload.xml import decode


async def _content(day: Day) -> Json:
    """Complaint, a diagnosis and a drug, found by searching as a person does."""
    (icd, *_) = await day.call("GET", "/api/catalogue/icd10?q=高血壓")
    (drug, *_) = await day.call("GET", "/api/catalogue/drugs?q=降血壓")
    return {
        "subjective": "頭暈兩天",
        "diagnoses": [{"code": icd["code"], "name_zh": icd["name_zh"]}],
        "orders": [
            {
                "kind": "drug",
                "code": drug["code"],
                "name": drug["name_en"],
                "dose": 1,
                "frequency": "QD",
                "route": "PO",
                "days": 7,
                "total": 7,
            }
        ],
    }


@pytest.mark.parametrize("use_pcscd", [True, False], ids=["pcscd and vpcd", "without vpcd"])
async def test_a_visit_online_and_one_offline_each_have_one_effect(use_pcscd: bool) -> None:
    """N01, N03, N04, N05, N06, N07, N08, N10, G02, R01."""
    async with open_day(use_pcscd=use_pcscd) as day:
        await day.sign_in()
        await _visit_online(day)
        await _visit_offline(day)


async def _visit_online(day: Day) -> None:
    slot = await day.insert("patient-wang")
    assert slot["patient"]["name"] == "王測試"
    visit = await day.start()
    assert visit["visit"]["identification"] == "card"
    await day.save(visit, await _content(day))
    await day.finish(visit)
    done = await day.flags(visit, saved="done", card="done", vpn="done", ic="done")
    number = done["visit"]["sequence"]["number"]
    assert number == "0001"

    (record,) = day.card("patient-wang").records
    assert (record["visit"], record["orders"], record["sequence_no"]) == ("closed", "closed", number)
    (body,) = day.uploads("visit")
    assert json.loads(body)["visit"]["sequence"]["number"] == number
    (ic_record,) = decode(day.uploads("ic_record")[0])
    assert (ic_record.data_format, ic_record.sequence_no, ic_record.card_no) == ("1", number, "900000000001")
    kinds = sorted(row[0] for row in day.portal("select kind from receipts"))
    assert kinds == ["card_prescription", "card_visit", "ic_record", "visit"]

    paper = await day.call("GET", f"/api/visits/{visit['visit']['visit_id']}/prescription")
    ((code,),) = day.portal("select code from prescription_codes")
    assert paper["ready"]
    assert paper["passphrase"] == code
    await day.pull()


async def _visit_offline(day: Day) -> None:
    await day.link("down", shown="down")
    await day.insert("patient-lin")
    visit = await day.start()
    await day.save(visit, {**(await _content(day)), "subjective": "傷口換藥"})
    saved = await day.finish(visit)
    assert saved["visit"]["identification"] == "card_offline"
    assert saved["visit"]["sequence"]["number"] == "F00B"
    assert (saved["flags"]["saved"], saved["flags"]["vpn"]) == ("done", "waiting")
    reasons = {
        reason["code"]
        for item in (await day.call("GET", "/api/outbox"))["items"]
        for reason in item["waiting_for"]
    }
    assert "waiting.link" in reasons
    await day.pull()
    assert len(day.uploads("visit")) == 1

    await day.link("up", shown="unstable,good")
    await day.flags(visit, vpn="done", ic="done")
    (_, offline) = day.uploads("ic_record")
    (ic_record,) = decode(offline)
    assert (ic_record.data_format, ic_record.sequence_no, ic_record.card_no) == ("2", "F00B", "")
    assert len(day.uploads("visit")) == 2
    assert len(day.uploads("recognition")) == 1
    assert day.card("patient-lin").records == ()
    queue = (await day.call("GET", "/api/state"))["queue"]
    assert (queue["depth"], queue["attention"]) == (0, 0)


async def test_a_reply_lost_after_the_portal_committed_has_one_effect(day: Day) -> None:
    await day.sign_in()
    await day.lab.ask(
        "POST", "/portal/faults", {"route": "POST /visits", "occurrence": 1, "fault": "lose_reply"}
    )
    await day.insert("patient-wang")
    visit = await day.start()
    await day.save(visit, await _content(day))
    await day.finish(visit)
    await day.flags(visit, card="done", vpn="done", ic="done")
    assert len(day.uploads("visit")) == 1


async def test_a_gateway_killed_with_work_waiting_goes_on_after_its_start(day: Day) -> None:
    await day.sign_in()
    await day.link("down", shown="down")
    await day.insert("patient-lin")
    visit = await day.start()
    await day.save(visit, await _content(day))
    await day.finish(visit)
    await day.program("gateway", "kill")
    await day.program("gateway", "start")
    await day.link("up", shown="unstable,good")
    await day.flags(visit, saved="done", vpn="done", ic="done")
    assert len(day.uploads("visit")) == 1


@pytest.mark.parametrize("moment", ["before", "during", "after"])
async def test_Y03_a_card_pulled_while_it_is_written_is_settled_when_it_comes_back(
    day: Day, moment: str
) -> None:
    await day.sign_in()
    await day.insert("patient-wang", pull={"when": moment, "nth": 12})
    visit = await day.start()
    await day.save(visit, await _content(day))
    await day.finish(visit)
    await day.until("/api/state", lambda state: state["cards"]["readers"][0]["card"]["kind"] == "none")
    await day.insert("patient-wang")
    done = await day.flags(visit, card="done", vpn="done", ic="done")
    (record,) = day.card("patient-wang").records
    assert record["visit"] == "closed"
    assert record["sequence_no"] == done["visit"]["sequence"]["number"] == "0001"


async def test_another_patients_card_at_write_time_is_not_written(day: Day) -> None:
    await day.sign_in()
    await day.insert("patient-wang")
    visit = await day.start()
    await day.save(visit, await _content(day))
    await day.pull()
    await day.insert("patient-lin")
    waiting = await day.finish(visit)
    assert waiting["flags"]["card"] == "waiting"
    items = (await day.call("GET", "/api/outbox"))["items"]
    assert "waiting.card" in {reason["code"] for item in items for reason in item["waiting_for"]}
    assert day.card("patient-lin").records == ()
    await day.pull()
    await day.insert("patient-wang")
    await day.flags(visit, card="done", vpn="done", ic="done")
    assert day.card("patient-lin").records == ()
    assert len(day.card("patient-wang").records) == 1
