"""Stopped in the middle of a card write: it ends within the stop budget, or is found out about; never written twice."""

from __future__ import annotations

import pytest

from tests.scenario.day import Day, Json

_UNDER_WAY = {"prepared", "executing", "written"}


async def write_under_way(day: Day, delay_ms: int) -> Json:
    """A finished visit whose card write is between its durable intent and its receipt."""
    await day.sign_in()
    await day.insert("patient-wang")
    visit = await day.start()
    (icd, *_) = await day.call("GET", "/api/catalogue/icd10?q=高血壓")
    diagnosis = {"code": icd["code"], "name_zh": icd["name_zh"]}
    await day.save(visit, {"subjective": "頭暈兩天", "diagnoses": [diagnosis]})
    await day.lab.ask("POST", "/link", {"mode": "slow", "delay_ms": delay_ms})
    await day.finish(visit)
    path = f"/api/visits/{visit['visit']['visit_id']}"
    await day.until(path, lambda view: {job["state"] for job in view["jobs"]} & _UNDER_WAY)
    return visit


@pytest.mark.parametrize("delay_ms", [200, 1500], ids=["ends in time", "cut off"])
async def test_a_stop_during_a_card_write_leaves_one_record(day: Day, delay_ms: int) -> None:
    visit = await write_under_way(day, delay_ms)
    await day.program("gateway", "stop")
    await day.lab.ask("POST", "/link", {"mode": "up"})
    await day.program("gateway", "start")
    done = await day.flags(visit, card="done", vpn="done", ic="done")

    (record,) = day.card("patient-wang").records
    assert (record["visit"], record["sequence_no"]) == ("closed", done["visit"]["sequence"]["number"])
    assert day.portal("select count(*) from receipts where kind = 'card_visit'") == [(1,)]
    assert len(day.uploads("visit")) == len(day.uploads("ic_record")) == 1


async def test_a_kill_during_a_card_write_leaves_one_record(day: Day) -> None:
    visit = await write_under_way(day, 500)
    await day.program("gateway", "kill")
    await day.lab.ask("POST", "/link", {"mode": "up"})
    await day.program("gateway", "start")
    await day.flags(visit, card="done", vpn="done", ic="done")

    assert len(day.card("patient-wang").records) == 1
    assert day.portal("select count(*) from receipts where kind = 'card_visit'") == [(1,)]
