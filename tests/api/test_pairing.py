from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.api.house import IDLE_S, House, Phone, open_house
from visitbridge.api.dispatch import COOKIE
from visitbridge.services.pairing import TOKEN_LIFE_S
from visitbridge.sim.clock import FakeClock


async def pair(house: House, token: str, name: str = "林護理師 iPhone") -> tuple[int, str]:
    answer = await house.ask("POST", "/api/pair", json={"token": token, "name": name})
    return answer.status, answer.cookies.get(COOKIE, "")


async def test_a_token_pairs_one_phone_once(house: House) -> None:
    token = house.pairing.mint_token()

    status, cookie = await pair(house, token)
    again = await house.ask("POST", "/api/pair", json={"token": token, "name": "B"})

    assert status == 201
    assert (again.status, again.code) == (403, "GW-ACC-07")
    state = await house.ask("GET", "/api/state", cookie=cookie)
    assert state.json["phone"]["name"] == "林護理師 iPhone"


async def test_the_cookie_stays_in_this_browser_and_on_this_host(house: House) -> None:
    answer = await house.ask("POST", "/api/pair", json={"token": house.pairing.mint_token(), "name": "A"})

    attributes = {part.strip().lower() for part in answer.headers["Set-Cookie"].split(";")[1:]}
    assert attributes == {"httponly", "secure", "samesite=strict", "path=/"}


async def test_only_a_hash_of_the_session_is_stored(house: House, phone: Phone) -> None:
    (stored,) = await house.store.read(lambda tx: list(tx.phones.all()))

    assert stored.token_hash == hashlib.sha256(phone.cookie.encode()).hexdigest()


async def test_pairing_and_removal_are_in_the_audit_log(house: House, phone: Phone) -> None:
    other = await house.pair("old phone")
    await phone.delete(f"/api/phones/{other.phone_id}")

    rows = await house.store.read(lambda tx: list(tx.audit.rows()))

    assert [(row.entry.act, row.entry.record, row.entry.phone_id) for row in rows] == [
        ("phone.pair", "", phone.phone_id),
        ("phone.pair", "", other.phone_id),
        ("phone.remove", other.phone_id, phone.phone_id),
    ]


async def test_a_token_expires(house: House) -> None:
    token = house.pairing.mint_token()
    house.clock.advance(TOKEN_LIFE_S)

    assert await pair(house, token) == (403, "")


@pytest.mark.parametrize("token", ["", "x", "A" * 64, "A" * 65, "字"])
async def test_a_guess_gets_nowhere(house: House, token: str) -> None:
    house.pairing.mint_token()

    status, cookie = await pair(house, token)

    assert status in {400, 403}
    assert cookie == ""


@pytest.mark.parametrize("name", ["", " ", "a" * 41, "bell\u0007", "\u202eevil"])
async def test_a_name_is_required_and_the_token_stays_good(house: House, name: str) -> None:
    token = house.pairing.mint_token()

    answer = await house.ask("POST", "/api/pair", json={"token": token, "name": name})

    assert answer.status in {400, 422}
    assert answer.json["error"]["field"] == "name"
    assert (await pair(house, token))[0] == 201


async def test_a_stranger_locks_out_nobody_who_is_paired(house: House, phone: Phone) -> None:
    statuses = [(await pair(house, "guess"))[0] for _ in range(11)]
    refused = await house.ask("POST", "/api/pair", json={"token": "guess", "name": "x"})

    assert statuses == [403] * 10 + [429]
    assert refused.json["error"]["params"] == {"wait_s": 30}
    assert refused.headers["Retry-After"] == "30"
    assert (await phone.get("/api/state")).status == 200
    assert (await phone.post("/api/pairing-links")).status == 201


async def test_after_waiting_a_try_is_allowed_again(house: House) -> None:
    for _ in range(11):
        await pair(house, "guess")
    token = house.pairing.mint_token()
    house.clock.advance(30)

    assert (await pair(house, token))[0] == 201


async def test_a_paired_phone_brings_in_the_next(house: House, phone: Phone) -> None:
    answer = await phone.post("/api/pairing-links")

    token = answer.json["url"].partition("#")[2]
    assert answer.json["token_expires_at"] == "2026-11-22T01:10:00Z"
    assert answer.json["qr_svg"].startswith("<svg")
    assert (await pair(house, token, "second"))[0] == 201
    listed = (await phone.get("/api/phones")).json
    assert [entry["name"] for entry in listed] == ["測試手機", "second"]
    assert "token_hash" not in listed[0]


async def test_a_removed_phone_is_out_at_once(house: House, phone: Phone) -> None:
    other = await house.pair("lost phone")

    assert (await phone.delete(f"/api/phones/{other.phone_id}")).status == 204

    answer = await other.get("/api/state")
    assert (answer.status, answer.code) == (401, "GW-ACC-01")
    assert (await phone.delete(f"/api/phones/{other.phone_id}")).status == 404


async def test_a_session_ends_when_the_phone_was_idle_too_long(house: House, phone: Phone) -> None:
    house.clock.advance(IDLE_S - 1)
    assert (await phone.get("/api/state")).status == 200
    house.clock.advance(IDLE_S - 1)
    assert (await phone.get("/api/state")).status == 200
    house.clock.advance(IDLE_S)

    answer = await phone.get("/api/state")

    assert (answer.status, answer.code) == (401, "GW-ACC-01")


async def test_turning_the_wall_clock_back_lengthens_no_session(house: House, phone: Phone) -> None:
    house.clock.advance(IDLE_S)
    house.clock.jump(-IDLE_S)

    assert (await phone.get("/api/state")).status == 401


async def test_phones_survive_a_restart_and_so_does_their_idle_time(tmp_path: Path, clock: FakeClock) -> None:
    async with open_house(tmp_path, clock) as first:
        busy, idle = await first.pair("busy"), await first.pair("idle")
        clock.advance(IDLE_S / 2)
        await busy.get("/api/state")
    clock.advance(IDLE_S / 2)

    async with open_house(tmp_path, clock) as second:
        statuses = [
            (await second.ask("GET", "/api/state", cookie=phone.cookie)).status for phone in (busy, idle)
        ]

    assert statuses == [200, 401]
