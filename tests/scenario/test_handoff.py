"""Without the VPN what waits leaves in a file; when the VPN is back the box asks what became of it (beyond #17)."""

from __future__ import annotations

import asyncio
import base64
import sys

from tests.scenario.day import Day, Json

DIAGNOSIS = {"subjective": "頭暈", "diagnoses": [{"code": "I10", "name_zh": "高血壓"}]}


async def _visit_without_vpn(day: Day) -> Json:
    await day.sign_in()
    await day.link("down", shown="down")
    await day.insert("patient-wang")
    visit = await day.start()
    await day.save(visit, DIAGNOSIS)
    await day.finish(visit)
    return visit


async def _hand_off(day: Day) -> bytes:
    """Export and confirm as a technician does; the file."""
    made = await day.phone.call("POST", "/api/handoffs")
    done = await day.phone.call("POST", f"/api/handoffs/{made['handoff_id']}/confirm")
    assert done == {"items": made["items"]}
    return base64.b64decode(made["content"])


async def _import(day: Day, file: bytes) -> str:
    """``vpnportal handoff import`` beside the running portal; what it says."""
    place = day.places.root / "box.handoff"
    place.write_bytes(file)
    command = ("-m", "vpnportal", "handoff", "import", str(place), "--dir", str(day.places.portal))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return output.decode()


async def _waiting(day: Day) -> int:
    return int((await day.phone.call("GET", "/api/handoffs"))["waiting"])


async def test_a_file_imported_twice_has_one_effect_and_the_box_finds_its_receipts(day: Day) -> None:
    visit = await _visit_without_vpn(day)
    file = await _hand_off(day)
    items = await _waiting(day)
    said = [await _import(day, file), await _import(day, file)]
    assert items >= 2
    assert said == [f"{items} taken, 0 refused\n"] * 2

    await day.link("up", shown="unstable,good")
    await day.flags(visit, saved="done", vpn="done", ic="done")
    # What is no flag of the visit is answered in its turn.
    await day.until("/api/handoffs", lambda told: told["waiting"] == 0)
    assert len(day.uploads("visit")) == len(day.uploads("ic_record")) == 1
    assert day.portal("select count(*) from receipts") == [(items,)]


async def test_a_file_that_was_lost_is_taken_back_and_sent(day: Day) -> None:
    visit = await _visit_without_vpn(day)
    file = await _hand_off(day)
    items = await _waiting(day)
    taken = await day.phone.call("POST", "/api/handoffs/take-back")
    assert taken == {"items": items}

    await day.link("up", shown="unstable,good")
    await day.flags(visit, saved="done", vpn="done", ic="done")
    assert await _import(day, file) == f"{items} taken, 0 refused\n", "it turned up again"
    assert len(day.uploads("visit")) == len(day.uploads("ic_record")) == 1
