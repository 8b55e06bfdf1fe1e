"""What the box does by itself as soon as the VPN is back."""

from __future__ import annotations

import datetime as dt

from tests.scenario.day import Day

_FIRST_AFTER = "select min(received_at) from uploads where received_at > ?"


async def first_upload_after_s(day: Day) -> float:
    """Seconds from the moment the relay carries again, the box's probe included, to the first upload in the portal."""
    await day.sign_in()
    await day.link("down", shown="down")
    await day.insert("patient-lin")
    visit = await day.start()
    (icd, *_) = await day.call("GET", "/api/catalogue/icd10?q=高血壓")
    diagnosis = {"code": icd["code"], "name_zh": icd["name_zh"]}
    await day.save(visit, {"subjective": "頭暈兩天", "diagnoses": [diagnosis]})
    assert (await day.finish(visit))["flags"]["vpn"] == "waiting"
    await day.pull()

    up_at = dt.datetime.now(dt.UTC)
    await day.link("up", shown="unstable,good")
    await day.flags(visit, vpn="done")

    ((first,),) = day.portal(_FIRST_AFTER, up_at.strftime("%Y-%m-%d %H:%M:%S.%f"))
    return (dt.datetime.fromisoformat(first).replace(tzinfo=dt.UTC) - up_at).total_seconds()


async def test_the_queue_moves_by_itself_and_the_sam_is_not_verified_again(day: Day) -> None:
    """How soon: tests/bench/test_drain_goals.py."""
    verified_at = (await day.call("GET", "/api/state"))["box"]["sam_verified_at"]

    assert await first_upload_after_s(day) > 0
    assert (await day.call("GET", "/api/state"))["box"]["sam_verified_at"] == verified_at
