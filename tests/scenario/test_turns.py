"""Two phones at one reader of the whole box (rows A02, D04)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.scenario.day import Day, Json
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


async def test_a02_d04_two_phones_take_turns_at_one_reader(day: Day) -> None:
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
