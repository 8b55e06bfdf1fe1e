"""Pairing over HTTP: link, name, proof of presence; strangers get nowhere and hold nobody up."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest

from tests.api.house import Answer, House, Phone, open_house
from tests.services.outbox.samples import staff_row
from visitbridge.api.dispatch import COOKIE, COOKIE_LIFE_S
from visitbridge.errors import CardAbsent, PinWrong, VisitBridgeError
from visitbridge.ports.records import StaffSessionRow
from visitbridge.services.pairing import TOKEN_LIFE_S
from visitbridge.sim.clock import FakeClock


async def ask(house: House, token: str, name: str = "林護理師 iPhone") -> Answer:
    return await house.ask("POST", "/api/pair", json={"token": token, "name": name})


async def confirm(house: House, asked: Answer, code: str) -> Answer:
    return await house.ask("POST", "/api/pair/confirm", json={"request": asked.json["request"], "code": code})


async def pair(house: House, token: str, name: str = "林護理師 iPhone") -> Answer:
    """As a person who reads the code off the box."""
    asked = await ask(house, token, name)
    return await confirm(house, asked, house.presence.for_console()[-1].code)


async def test_a_link_and_the_code_of_the_box_pair_one_phone_once(house: House) -> None:
    token = house.pairing.mint_token()

    paired = await pair(house, token)
    again = await ask(house, token, "B")

    assert paired.status == 201
    assert (again.status, again.code) == (403, "GW-ACC-07")
    state = await house.ask("GET", "/api/state", cookie=paired.cookies[COOKIE])
    assert (state.json["phone"]["name"], state.json["phone"]["role"]) == ("林護理師 iPhone", "owner")


async def test_asking_alone_gives_no_cookie_and_stores_nothing(house: House) -> None:
    asked = await ask(house, house.pairing.mint_token())

    assert asked.status == 201
    assert asked.cookies == {}
    assert await house.store.read(lambda tx: list(tx.phones.all())) == []


async def test_the_cookie_stays_in_this_browser_and_on_this_host(house: House) -> None:
    answer = await pair(house, house.pairing.mint_token())

    name, *attributes = [part.strip().lower() for part in answer.headers["Set-Cookie"].split(";")]
    assert name.startswith("__host-vb=")
    kept = {part for part in attributes if not part.startswith("expires=")}
    assert kept == {"httponly", "secure", "samesite=strict", "path=/", f"max-age={COOKIE_LIFE_S}"}


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

    assert (await ask(house, token)).status == 403


@pytest.mark.parametrize("token", ["", "x", "A" * 64, "A" * 65, "字"])
async def test_a_guess_gets_nowhere(house: House, token: str) -> None:
    house.pairing.mint_token()

    answer = await ask(house, token)

    assert answer.status in {400, 403}
    assert house.presence.for_console() == ()


@pytest.mark.parametrize("name", ["", " ", "a" * 41, "bell\u0007", "\u202eevil"])
async def test_a_name_is_required_and_the_token_stays_good(house: House, name: str) -> None:
    token = house.pairing.mint_token()

    answer = await ask(house, token, name)

    assert answer.status in {400, 422}
    assert answer.json["error"]["field"] == "name"
    assert (await pair(house, token)).status == 201


async def test_a_paired_phone_brings_in_the_next_and_is_shown_its_code(house: House, phone: Phone) -> None:
    link = await phone.post("/api/pairing-links")
    token = link.json["url"].partition("#")[2]
    assert link.json["token_expires_at"] == "2026-11-22T01:10:00Z"
    assert link.json["qr_svg"].startswith("<svg")
    asked = await ask(house, token, "second")
    look = {"request": asked.json["request"]}
    assert (await house.ask("POST", "/api/pair/look", json=look)).json["allowed"] is False
    (question,) = (await phone.get("/api/state")).json["presence"]["questions"]
    assert (question["name"], question["purpose"]) == ("second", "pair")
    assert "code" not in question

    allowed = await phone.post(f"/api/presence/{question['request_id']}/allow")

    assert (await house.ask("POST", "/api/pair/look", json=look)).json["allowed"] is True
    assert (await confirm(house, asked, allowed.json["code"])).status == 201
    listed = (await phone.get("/api/phones")).json
    assert [entry["name"] for entry in listed] == ["測試手機", "second"]
    assert "token_hash" not in listed[0]


async def test_a_refused_phone_is_told_so_and_nothing_of_it_is_stored(house: House, phone: Phone) -> None:
    asked = await ask(house, house.pairing.mint_token(), "stranger")
    code = house.presence.for_console()[0].code
    (question,) = (await phone.get("/api/state")).json["presence"]["questions"]

    assert (await phone.post(f"/api/presence/{question['request_id']}/refuse")).status == 204

    look = await house.ask("POST", "/api/pair/look", json={"request": asked.json["request"]})
    late = await confirm(house, asked, code)
    assert (look.code, late.code) == ("GW-ACC-07", "GW-ACC-07")
    assert [known.name for known in house.phones.phones()] == ["測試手機"]


async def test_a_wrong_code_says_how_many_tries_are_left(house: House) -> None:
    asked = await ask(house, house.pairing.mint_token())
    right = house.presence.for_console()[0].code
    wrong = f"{(int(right) + 1) % 10**6:06d}"

    answers = [await confirm(house, asked, wrong) for _ in range(5)]

    assert [answer.code for answer in answers] == ["GW-ACC-12"] * 4 + ["GW-ACC-07"]
    assert answers[0].json["error"]["params"] == {"tries_left": 4}
    assert (await confirm(house, asked, right)).code == "GW-ACC-07"


class CardReader:
    """A reader with a health-professional card; ``error`` is what verifying it raises."""

    def __init__(self, error: type[VisitBridgeError] | None = None) -> None:
        self._error = error
        self.given: list[tuple[bytes, str]] = []

    async def sign_in_anywhere(self, pin: bytearray, phone_id: str) -> StaffSessionRow:
        self.given.append((bytes(pin), phone_id))
        if self._error is not None:
            raise self._error
        return staff_row()

    async def end(self, session_id: str, phone_id: str = "") -> None:
        raise AssertionError("nothing to take back")


async def by_card(house: House, asked: Answer) -> Answer:
    proof = {"request": asked.json["request"], "pin": "123456"}
    return await house.ask("POST", "/api/pair/card", json=proof)


async def test_a_card_in_the_box_proves_presence_too(tmp_path: Path, clock: FakeClock) -> None:
    reader = CardReader()
    async with open_house(tmp_path, clock, cards=reader) as house:
        paired = await by_card(house, await ask(house, house.pairing.mint_token()))

        assert paired.status == 201
        assert reader.given == [(b"123456", paired.json["phone_id"])]
        state = await house.ask("GET", "/api/state", cookie=paired.cookies[COOKIE])
        assert state.json["phone"]["state"] == "open"


@pytest.mark.parametrize(("error", "again"), [(PinWrong, "GW-ACC-07"), (CardAbsent, "GW-CRD-01")])
async def test_a_wrong_pin_uses_the_link_up_so_that_it_blocks_no_card(
    tmp_path: Path, clock: FakeClock, error: type[VisitBridgeError], again: str
) -> None:
    async with open_house(tmp_path, clock, cards=CardReader(error)) as house:
        asked = await ask(house, house.pairing.mint_token())
        first = await by_card(house, asked)
        second = await by_card(house, asked)

        assert (first.code, second.code) == (error.code, again)
        assert house.phones.phones() == ()


class SlowCardReader(CardReader):
    """One that refuses a PIN when it is told to. ``asked``: a card is being tried."""

    def __init__(self) -> None:
        super().__init__(PinWrong)
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def sign_in_anywhere(self, pin: bytearray, phone_id: str) -> StaffSessionRow:
        self.asked.set()
        await self.go_on.wait()
        return await super().sign_in_anywhere(pin, phone_id)


async def test_pins_that_come_at_once_are_one_try_of_the_card(tmp_path: Path, clock: FakeClock) -> None:
    """Each of them knows the request before the first was refused, and none but the first reaches the card."""
    reader = SlowCardReader()
    async with open_house(tmp_path, clock, cards=reader) as house:
        asked = await ask(house, house.pairing.mint_token())
        tries = [asyncio.create_task(by_card(house, asked)) for _ in range(4)]
        await reader.asked.wait()
        for _ in range(20):
            assert (await house.ask("GET", "/api/state")).status == 401
        reader.go_on.set()
        answers = await asyncio.gather(*tries)

    assert sorted(answer.code for answer in answers) == ["GW-ACC-07"] * 3 + [PinWrong.code]
    assert len(reader.given) == 1


async def test_a_link_that_asks_anew_while_its_pin_is_tried_is_used_up_too(
    tmp_path: Path, clock: FakeClock
) -> None:
    reader = SlowCardReader()
    async with open_house(tmp_path, clock, cards=reader) as house:
        token = house.pairing.mint_token()
        first = asyncio.create_task(by_card(house, await ask(house, token)))
        await reader.asked.wait()
        anew = await ask(house, token)
        reader.go_on.set()

        codes = [(await first).code, (await by_card(house, anew)).code, (await ask(house, token)).code]

    assert codes == [PinWrong.code, "GW-ACC-07", "GW-ACC-07"]
    assert len(reader.given) == 1


async def test_a_removed_phone_is_out_at_once(house: House, phone: Phone) -> None:
    other = await house.pair("lost phone")

    assert (await phone.delete(f"/api/phones/{other.phone_id}")).status == 204

    answer = await other.get("/api/state")
    assert (answer.status, answer.code) == (401, "GW-ACC-17")
    assert (await phone.delete(f"/api/phones/{other.phone_id}")).status == 404


async def test_a_stranger_who_guesses_is_slowed_down(house: House) -> None:
    statuses = [(await ask(house, "guess")).status for _ in range(11)]
    refused = await ask(house, "guess")

    assert statuses == [403] * 10 + [429]
    assert refused.json["error"]["params"] == {"wait_s": 30}
    assert refused.headers["Retry-After"] == "30"


async def hammer(house: House, until: asyncio.Event) -> list[int]:
    """A hostile client at the same address: it guesses links, requests, codes, PINs and cookies as fast as it can."""
    seen = []
    while not until.is_set():
        for path, body in (
            ("/api/pair", {"token": "guess", "name": "x"}),
            ("/api/pair/look", {"request": "guess"}),
            ("/api/pair/confirm", {"request": "guess", "code": "000000"}),
            ("/api/pair/card", {"request": "guess", "pin": "000000"}),
            ("/api/phone/unlock", {"code": "000000"}),
        ):
            seen.append((await house.ask("POST", path, json=body, cookie="guess")).status)
    return seen


async def test_a_stranger_locks_out_neither_who_is_paired_nor_who_has_a_link(
    house: House, phone: Phone
) -> None:
    done = asyncio.Event()
    strangers = [asyncio.create_task(hammer(house, done)) for _ in range(4)]
    for _ in range(20):
        assert (await phone.get("/api/state")).status == 200
        assert (await phone.post("/api/phone/use")).status == 204
    link = await phone.post("/api/pairing-links")
    paired = await pair(house, link.json["url"].partition("#")[2], "second")
    done.set()
    statuses = {status for seen in await asyncio.gather(*strangers) for status in seen}

    assert paired.status == 201
    assert statuses == {401, 403, 429}
    assert len(house.phones.phones()) == 2
