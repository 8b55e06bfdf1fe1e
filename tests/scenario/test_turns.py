"""Two phones at one reader of the whole box (rows A02, D04)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.scenario.day import Day, Json
from visitbridge.services.turns import TURN_S
from visitbridge.sim.card.profiles import LAB_PIN
from visitbridge.sim.lab.client import ApiRefused, PhoneClient, open_phone
from visitbridge.sim.lab.phone import new_pair_url


@contextlib.asynccontextmanager
async def open_second_phone(day: Day, session: Json) -> AsyncIterator[PhoneClient]:
    """Another phone of the team, working under the same staff session."""
    async with open_phone(day._facts) as phone:
        await phone.pair(await new_pair_url(day.phone), "醫師手機")
        second = (await phone.call("GET", "/api/state"))["phone"]["phone_id"]
        await day.phone.call("PUT", f"/api/staff/sessions/{session['session_id']}/phones/{second}")
        yield phone


def uses_of(reader_id: str) -> dict[str, tuple[str, str, Json]]:
    """Route → (method, address, body) of everything that a phone may have done with the card in a reader."""
    with_pin = {"reader_id": reader_id, "pin": LAB_PIN}
    at = f"/api/readers/{reader_id}"
    return {
        "/api/visits": ("POST", "/api/visits", {"reader_id": reader_id}),
        "/api/readers/{reader_id}/refresh": ("POST", f"{at}/refresh", None),
        "/api/readers/{reader_id}/contents": ("POST", f"{at}/contents", None),
        "/api/readers/{reader_id}/records": ("POST", f"{at}/records", {}),
        "/api/readers/{reader_id}/release": ("POST", f"{at}/release", None),
        "/api/readers/{reader_id}/name": ("PUT", f"{at}/name", {"name": "王測試"}),
        "/api/staff/sessions": ("POST", "/api/staff/sessions", with_pin),
        "/api/lock/cards": ("POST", "/api/lock/cards", with_pin),
    }


async def test_A02_D04_in_anothers_turn_nothing_is_done_with_the_card(day: Day) -> None:
    session = await day.sign_in()
    reader_id = await day.reader()
    await day.insert("patient-wang")
    async with open_second_phone(day, session) as second:
        await second.call("POST", "/api/visits", {"reader_id": reader_id})
        answers = {route: await day.call(*request) for route, request in uses_of(reader_id).items()}
    assert {route: answer["code"] for route, answer in answers.items()} == dict.fromkeys(answers, "GW-DEV-20")
    assert {answer["params"]["owner"] for answer in answers.values()} == {"醫師手機"}
    assert all(0 < answer["params"]["remaining_s"] <= TURN_S for answer in answers.values())

    assert await routes_with_readers(day) == set(uses_of(reader_id))


async def routes_with_readers(day: Day) -> set[str]:
    """Addresses of POST and PUT whose path or body names a reader with a card in it."""
    document = await day.call("GET", "/api/openapi.json")
    schemas = document["components"]["schemas"]
    with_body = {
        f"#/components/schemas/{name}"
        for name, schema in schemas.items()
        if "reader_id" in schema.get("properties", {})
    }
    return {
        path
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in {"post", "put"}
        and not path.startswith(("/api/bluetooth", "/api/lab"))
        and ("{reader_id}" in path or _body_of(operation) in with_body)
    }


def _body_of(operation: Json) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    return str(content.get("application/json", {}).get("schema", {}).get("$ref", ""))


async def test_A02_D04_two_phones_take_turns_at_one_reader(day: Day) -> None:
    session = await day.sign_in()
    reader_id = await day.reader()
    await day.insert("patient-wang")
    async with open_second_phone(day, session) as second:
        await day.start()
        state = await second.call("GET", "/api/state")
        (use,) = state["uses"]["uses"]
        assert (use["reader_id"], use["by"], use["name"]) == (reader_id, "phone", "實驗室")

        with pytest.raises(ApiRefused) as refused:
            await second.call("POST", "/api/visits", {"reader_id": reader_id})
        error = refused.value.body["error"]
        assert (refused.value.status, error["code"]) == (409, "GW-DEV-20")
        assert "輪到「實驗室」使用，還有 " in error["words"]["what"]
        with pytest.raises(ApiRefused):
            await second.call("POST", f"/api/readers/{reader_id}/release")

        await day.call("POST", f"/api/readers/{reader_id}/release")
        await second.call("POST", "/api/visits", {"reader_id": reader_id})
        assert (await day.start())["code"] == "GW-DEV-20"

        await day.pull()
        assert (await second.call("GET", "/api/state"))["uses"] == {"uses": []}
