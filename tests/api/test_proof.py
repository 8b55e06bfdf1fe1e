"""Over HTTP: what an open phone is asked for before it decides who gets in, and how that is shown (ASVS V7.5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.api.house import Answer, House, Phone
from visitbridge.api.dispatch import COOKIE
from visitbridge.services.phone_session import PhoneLimits

CODE = "271828"
PROOF_S = PhoneLimits().proof_s

ACTS: dict[str, tuple[str, str]] = {
    "a link for another phone": ("POST", "/api/pairing-links"),
    "removing another phone": ("DELETE", "/api/phones/{other}"),
    "another code": ("PUT", "/api/phone/code"),
}


async def act(phone: Phone, name: str, other: Phone) -> Answer:
    method, path = ACTS[name]
    body = {"code": CODE} if method == "PUT" else None
    return await phone.house.ask(
        method, path.format(other=other.phone_id), json=body or {}, cookie=phone.cookie
    )


async def by_code(house: House, phone: Phone) -> Answer:
    return await phone.post("/api/phone/unlock", {"code": CODE})


async def by_the_box(house: House, phone: Phone) -> Answer:
    asked = await phone.post("/api/phone/ask")
    proof = {"request": asked.json["request"], "code": house.presence.for_console()[-1].code}
    return await phone.post("/api/phone/open", proof)


WAYS: dict[str, Callable[[House, Phone], Awaitable[Answer]]] = {"its code": by_code, "the box": by_the_box}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ACTS)
async def test_an_open_phone_is_not_enough_and_card_or_code_are(
    house: House, phone: Phone, name: str, way: str
) -> None:
    other = await house.pair("second")
    await phone.put("/api/phone/code", {"code": CODE})
    house.clock.advance(PROOF_S)

    refused = await act(phone, name, other)
    shown = await WAYS[way](house, phone)
    phone.cookie = shown.cookies[COOKIE]
    done = await act(phone, name, other)

    assert (refused.status, refused.code) == (403, "GW-ACC-16")
    assert shown.status == 204
    assert done.status in {201, 204}


async def test_a_phone_that_asks_to_be_confirmed_is_told_apart(house: House, phone: Phone) -> None:
    other = await house.pair("second")
    asked = await phone.post("/api/phone/ask")
    (question,) = (await other.get("/api/state")).json["presence"]["questions"]

    own = await phone.post(f"/api/presence/{question['request_id']}/allow")

    assert asked.status == 201
    assert (question["purpose"], question["phone_id"]) == ("confirm", phone.phone_id)
    assert (own.status, own.code) == (404, "GW-REQ-04")


async def test_who_lets_a_phone_in_shows_code_first(house: House, phone: Phone) -> None:
    await phone.put("/api/phone/code", {"code": CODE})
    house.clock.advance(PROOF_S)
    token = house.pairing.mint_token()
    await house.ask("POST", "/api/pair", json={"token": token, "name": "second"})
    (question,) = (await phone.get("/api/state")).json["presence"]["questions"]
    path = f"/api/presence/{question['request_id']}/allow"

    refused = await phone.post(path)
    phone.cookie = (await by_code(house, phone)).cookies[COOKIE]

    assert refused.code == "GW-ACC-16"
    assert (await phone.post(path)).json["code"] == house.presence.for_console()[-1].code


async def test_a_locked_phone_is_opened_without_it(house: House, phone: Phone) -> None:
    other = await house.pair("second")
    house.clock.advance(PROOF_S)
    await other.post("/api/phone/lock")
    await other.post("/api/phone/ask")
    (question,) = (await phone.get("/api/state")).json["presence"]["questions"]

    allowed = await phone.post(f"/api/presence/{question['request_id']}/allow")

    assert allowed.status == 200
