"""Service codes at the API: a route that asks for one is shut to everybody else; the page of codes says what each opens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.house import House, Phone, open_house
from tests.security.gate import ROUTES
from visitbridge.api.resources.rights import Rights, areas_of
from visitbridge.api.routes import Call, NoQuery, Route, signed_in
from visitbridge.domain.people import Right
from visitbridge.sim.clock import FakeClock
from visitbridge.words import LANGUAGES, load_catalogue


async def reach(call: Call[NoQuery, None]) -> None:
    """The handler behind the rule."""


def route_for(right: Right) -> Route[NoQuery, None, None]:
    return Route(
        method="POST",
        path=f"/api/test-{right.value.lower()}/queries",
        summary="What only this code opens",
        access=signed_in(right),
        handler=reach,
        answer=None,
    )


@pytest.fixture
async def house(tmp_path: Path, clock: FakeClock) -> AsyncIterator[House]:
    rights = Rights()
    routes = [*rights.routes(), *(route_for(right) for right in Right)]
    rights.describe(routes)
    async with open_house(tmp_path, clock, routes=routes) as opened:
        yield opened


@pytest.fixture
async def phone(house: House) -> Phone:
    return await house.pair("林護理師 iPhone")


async def answers_for(phone: Phone) -> dict[Right, str]:
    """Code of the refusal, empty where the handler was reached."""
    return {right: (await phone.post(f"/api/test-{right.value.lower()}/queries")).code for right in Right}


@pytest.mark.parametrize("held", Right, ids=lambda right: right.value)
async def test_A08_A16_A17_a_code_opens_its_own_routes_and_no_others(
    house: House, phone: Phone, held: Right
) -> None:
    house.staff.sign_in(phone.phone_id, held)

    assert await answers_for(phone) == {right: {held: ""}.get(right, "GW-ACC-04") for right in Right}


async def test_A08_A16_A17_without_a_person_or_a_code_every_one_of_them_is_shut(
    house: House, phone: Phone
) -> None:
    nobody = await answers_for(phone)
    house.staff.sign_in(phone.phone_id)

    assert nobody == dict.fromkeys(Right, "GW-ACC-02")
    assert await answers_for(phone) == dict.fromkeys(Right, "GW-ACC-04")


async def test_A16_A17_a_session_that_ran_out_opens_none_of_them(house: House, phone: Phone) -> None:
    house.staff.sign_in(phone.phone_id, *Right, live=False)

    assert await answers_for(phone) == dict.fromkeys(Right, "GW-ACC-03")


async def test_A08_the_page_tells_what_the_person_holds_and_what_each_code_opens(
    house: House, phone: Phone
) -> None:
    nobody = await phone.get("/api/rights")
    house.staff.sign_in(phone.phone_id, Right.VISITS, Right.EMERGENCY)
    told = await phone.get("/api/rights")

    assert [one["right"] for one in told.json] == ["QPA", "QPB", "QPC", "IMQ", "VC"]
    assert [one["held"] for one in nobody.json] == [False] * 5
    assert [one["held"] for one in told.json] == [False, True, False, True, False]
    assert [one["opens"] for one in told.json] == [
        ["test-qpa"],
        ["test-qpb"],
        ["test-qpc"],
        ["test-imq"],
        ["test-vc"],
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_A08_every_code_and_all_that_it_opens_has_words(language: str) -> None:
    texts = load_catalogue().texts(language)
    areas = {area for right in Right for area in areas_of(right, ROUTES)}

    assert {f"ui.rights.area.{area}" for area in areas} <= texts.keys()
    assert {f"ui.rights.{right.value}.{part}" for right in Right for part in ("what", "from")} <= texts.keys()
