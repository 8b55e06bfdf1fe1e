"""A visit with a Bluetooth reader: paired at the phone, used for both cards, lost and found again (D01-D03, D05)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenario.day import Day, open_day
from visitbridge.sim.card.profiles import LAB_PIN

Json = Any

ACR3901, BR301 = "ble-0200000000a1", "ble-0200000000b2"
CONTENT = {"subjective": "頭暈兩天", "diagnoses": [{"code": "I10", "name_zh": "本態性高血壓"}]}

NUMBER_OF = {ACR3901: 2, BR301: 3}
"""Places of the readers in the lab once both are paired."""


async def pair(day: Day, reader_id: str, name: str) -> None:
    """Scan, choose the reader, answer what it asks, until it is connected."""
    await day.call("POST", "/api/bluetooth/scan")
    radio = (await day.lab.ask("GET", "/state"))["bluetooth"]["readers"]
    unit = next(unit for unit in radio if unit["reader_id"] == reader_id)
    found = await day.until("/api/bluetooth", lambda topic: heard(topic, unit["label"]))
    address = heard(found, unit["label"])["address"]
    await day.call("POST", "/api/bluetooth/pairing", {"address": address, "name": name})
    asked = await day.until("/api/bluetooth", lambda topic: topic["pairing"]["phase"] != "connecting")
    if asked["pairing"]["phase"] == "enter":
        await day.call("POST", "/api/bluetooth/pairing/answer", {"agree": True, "number": unit["passkey"]})
    await day.until("/api/bluetooth", lambda topic: topic["pairing"]["phase"] == "done")
    await day.call("DELETE", "/api/bluetooth/pairing")
    await wait_state(day, reader_id, "empty")


def heard(topic: Json, name: str) -> Json:
    return next((reader for reader in topic["heard"] if reader["name"] == name), None)


async def wait_state(day: Day, reader_id: str, state: str) -> Json:
    def is_there(readers: Json) -> bool:
        return any(slot["reader_id"] == reader_id and slot["state"] == state for slot in readers)

    return await day.until("/api/readers", is_there)


@pytest.mark.parametrize("reader_id", [ACR3901, BR301])
async def test_D01_D05_a_visit_with_both_cards_in_a_bluetooth_reader(reader_id: str) -> None:
    async with open_day(use_pcscd=False) as day:
        await pair(day, ACR3901, "一號讀卡機")
        await pair(day, BR301, "二號讀卡機")
        number = NUMBER_OF[reader_id]

        await day.insert("hpc-doctor", reader=number)
        order = {"reader_id": await day.reader(number), "pin": LAB_PIN}
        session = await day.call("POST", "/api/staff/sessions", order)
        assert session["name"] == "醫師樣本"
        await day.pull(reader=number)
        card = await day.insert("patient-wang", reader=number)
        assert (card["kind"], card["patient"]["name"]) == ("nhi", "王測試")
        visit = await day.start(reader=number)
        await day.save(visit, CONTENT)
        await day.finish(visit)

        await day.flags(visit, card="done", vpn="done")
        assert len(day.card("patient-wang").records) == 1


async def test_a_reader_is_back_after_it_slept_the_adapter_was_gone_and_the_box_was_killed() -> None:
    async with open_day(use_pcscd=False) as day:
        await pair(day, ACR3901, "一號讀卡機")
        for off, on in (
            (("/readers/ble-0200000000a1/reach", {"in_reach": False}), {"in_reach": True}),
            (("/bluetooth", {"state": "missing"}), {"state": "on"}),
        ):
            path, order = off
            await day.lab.ask("POST", path, order)
            await wait_state(day, ACR3901, "unavailable")
            await day.lab.ask("POST", path, on)
            await wait_state(day, ACR3901, "empty")

        await day.program("gateway", "kill")
        await day.program("gateway", "start")
        await wait_state(day, ACR3901, "empty")

        remembered = (await day.call("GET", "/api/bluetooth"))["remembered"]
        assert [(reader["name"], reader["own_key"]) for reader in remembered] == [("一號讀卡機", True)]
        assert (await day.insert("patient-lin", reader=2))["kind"] == "nhi"


async def test_a_reader_that_is_switched_off_while_the_box_writes_leaves_one_record() -> None:
    async with open_day(use_pcscd=False) as day:
        await pair(day, ACR3901, "一號讀卡機")
        await day.sign_in()
        await day.insert("patient-wang", reader=2)
        visit = await day.start(reader=2)
        await day.save(visit, CONTENT)
        await day.finish(visit)
        await day.lab.ask("POST", "/readers/ble-0200000000a1/reach", {"in_reach": False})
        await wait_state(day, ACR3901, "unavailable")
        await day.lab.ask("POST", "/readers/ble-0200000000a1/reach", {"in_reach": True})

        await day.flags(visit, card="done", vpn="done")
        assert len(day.card("patient-wang").records) == 1
