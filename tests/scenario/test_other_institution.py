"""A box with an institution's visits on it and another institution's binding code (ASVS V8.4.1)."""

from __future__ import annotations

import asyncio
import json
import sys

from tests.scenario.day import Day, Json

OTHER = ("--institution", "3599999999")


async def _vpnportal(day: Day, *words: str) -> str:
    """What the portal's own command says, beside the running portal."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vpnportal", *words, "--dir", str(day.places.portal)),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


async def _other_ticket(day: Day) -> Json:
    await _vpnportal(day, "institutions", "add", *OTHER, "--name", "另一家居家護理所")
    made = json.loads(await _vpnportal(day, "devices", "add", *OTHER, "--name", "別家的盒子", "--json"))
    return {"ticket": made["ticket"], "pin": made["pin"], "name": "別家的盒子"}


async def test_work_of_one_institution_is_not_offered_to_another(day: Day) -> None:
    await day.sign_in()
    await day.insert("patient-wang")
    ticket = await _other_ticket(day)
    await day.link("down", shown="down")
    visit = await day.start()
    await day.save(visit, {"subjective": "頭暈", "diagnoses": [{"code": "I10", "name_zh": "高血壓"}]})
    await day.finish(visit)
    await day.link("up", shown="unstable,good")

    refused = await day.call("POST", "/api/box/binding", ticket)

    assert refused["code"] == "GW-DC-11"
    await day.flags(visit, saved="done", vpn="done", ic="done")
    owners = day.portal(
        "select distinct devices.institution from uploads join devices using (device_id)"
        " where uploads.kind in ('visit', 'ic_record')"
    )
    (own,) = day.portal("select institution from devices where bound_at is not null")
    assert owners == [own]
    assert day.portal("select count(*) from devices where bound_at is not null") == [(1,)]
