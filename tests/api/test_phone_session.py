"""A phone's session over HTTP: what a locked phone may, what it sees, and how it is opened again."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import msgspec
import pytest

from tests.api.house import IDLE_S, WHOLE_S, Answer, House, Phone
from tests.patience import PATIENCE_S
from visitbridge.api.dispatch import COOKIE
from visitbridge.domain.people import Right
from visitbridge.services.topics import BoxTopic, CardPatient, CardsTopic, Slot, SlotCard, StaffTopic

CODE = "271828"
PATIENT = CardPatient(
    name="王測試", card_no_tail="0001", id_masked="A12****788", birth_date=dt.date(1948, 3, 9), sex="M"
)


def put_patient(house: House) -> None:
    card = SlotCard(kind="nhi", insertion=1, error_code="", patient=PATIENT)
    slot = Slot(
        reader_id="r1",
        name="reader",
        transport="pcsc",
        state="card",
        virtual=True,
        battery_percent=None,
        signal_dbm=None,
        card=card,
    )
    house.board.put("cards", CardsTopic(readers=(slot,)))


async def state(phone: Phone) -> Any:
    return (await phone.get("/api/state")).json


def took_cookie(phone: Phone, answer: Answer) -> None:
    phone.cookie = answer.cookies[COOKIE]


async def test_a_phone_locks_when_nobody_is_at_it(house: House, phone: Phone) -> None:
    house.clock.advance(IDLE_S - 1)
    assert (await phone.get("/api/phones")).status == 200
    house.clock.advance(1)

    refused = await phone.get("/api/phones")

    assert (refused.status, refused.code) == (403, "GW-ACC-10")
    assert (await state(phone))["phone"]["state"] == "locked"


async def test_looking_is_no_use_and_doing_is(house: House, phone: Phone) -> None:
    house.clock.advance(IDLE_S - 1)
    await phone.get("/api/phones")
    await phone.post("/api/phone/use")
    house.clock.advance(IDLE_S - 1)
    assert (await phone.get("/api/phones")).status == 200
    house.clock.advance(1)

    assert (await phone.get("/api/phones")).code == "GW-ACC-10"


async def test_after_twelve_hours_a_phone_in_use_asks_for_a_card(house: House, phone: Phone) -> None:
    uses = []
    for _ in range(int(WHOLE_S / 600)):
        house.clock.advance(600)
        uses.append(await phone.post("/api/phone/use"))

    assert {use.status for use in uses[:-1]} == {204}
    assert (uses[-1].status, uses[-1].code) == (403, "GW-ACC-11")
    assert (await state(phone))["phone"]["state"] == "over"


async def test_the_code_opens_a_locked_phone_with_a_new_cookie(house: House, phone: Phone) -> None:
    assert (await phone.put("/api/phone/code", {"code": CODE})).status == 204
    assert (await phone.post("/api/phone/lock")).status == 204
    assert (await phone.get("/api/phones")).code == "GW-ACC-10"

    opened = await phone.post("/api/phone/unlock", {"code": CODE})

    former = phone.cookie
    took_cookie(phone, opened)
    assert opened.status == 204
    assert phone.cookie != former
    assert (await phone.get("/api/phones")).status == 200
    house.clock.advance(11)
    await phone.get("/api/phones")
    assert (await house.ask("GET", "/api/phones", cookie=former)).code == "GW-ACC-01"


async def test_wrong_codes_are_said_and_counted(house: House, phone: Phone) -> None:
    await phone.put("/api/phone/code", {"code": CODE})
    answers = [await phone.post("/api/phone/unlock", {"code": "000001"}) for _ in range(5)]

    assert [answer.code for answer in answers] == ["GW-ACC-12"] * 4 + ["GW-ACC-13"]
    assert answers[0].json["error"]["params"] == {"tries_left": 4}
    assert (await state(phone))["phone"]["has_code"] is False


@pytest.mark.parametrize("code", ["111111", "12345", "abcdef"])
async def test_a_bad_code_is_said_and_not_repeated(house: House, phone: Phone, code: str) -> None:
    answer = await phone.put("/api/phone/code", {"code": code})

    assert (answer.status, answer.json["error"]["field"]) == (422, "code")
    assert code not in answer.body.decode()


async def by_the_box(house: House, phone: Phone) -> Answer:
    """Opened by the code that the box shows to whoever sits at it."""
    asked = await phone.post("/api/phone/ask")
    proof = {"request": asked.json["request"], "code": house.presence.for_console()[-1].code}
    return await phone.post("/api/phone/open", proof)


async def test_at_the_box_a_phone_whose_time_is_over_is_opened(house: House, phone: Phone) -> None:
    house.clock.advance(WHOLE_S)

    took_cookie(phone, await by_the_box(house, phone))

    assert (await state(phone))["phone"]["state"] == "open"


async def test_a_users_phone_does_not_open_the_owners(house: House, phone: Phone) -> None:
    other = await house.pair("陳醫師 Pixel")
    await phone.post("/api/phone/lock")
    await phone.post("/api/phone/ask")
    (question,) = (await state(other))["presence"]["questions"]
    assert (question["purpose"], question["name"]) == ("open", "測試手機")

    allowed = await other.post(f"/api/presence/{question['request_id']}/allow")

    assert (allowed.status, allowed.code) == (403, "GW-ACC-09")


async def test_the_owners_phone_opens_a_users(house: House, phone: Phone) -> None:
    other = await house.pair("陳醫師 Pixel")
    await other.post("/api/phone/lock")
    asked = await other.post("/api/phone/ask")
    (question,) = (await state(phone))["presence"]["questions"]
    allowed = await phone.post(f"/api/presence/{question['request_id']}/allow")
    proof = {"request": asked.json["request"], "code": allowed.json["code"]}

    stolen = await phone.post("/api/phone/open", proof)
    opened = await other.post("/api/phone/open", proof)

    assert stolen.code == "GW-ACC-07"
    took_cookie(other, opened)
    assert (await state(other))["phone"]["state"] == "open"


async def test_a_locked_phone_asks_three_times_and_then_has_to_wait(house: House, phone: Phone) -> None:
    await phone.post("/api/phone/lock")
    statuses = [(await phone.post("/api/phone/ask")).status for _ in range(4)]

    assert statuses == [201, 201, 201, 429]


async def test_a_locked_phone_sees_what_opens_it_and_nobody(house: House, phone: Phone) -> None:
    put_patient(house)
    house.board.put("staff", StaffTopic(sessions=()))
    house.board.put("box", BoxTopic(bound=True, box_name="b", sheet_id="s", version="1"))
    house.staff.sign_in(phone.phone_id, Right.VISITS)
    seen = await state(phone)
    await phone.post("/api/phone/lock")

    locked = await state(phone)

    assert seen["cards"]["readers"][0]["card"]["patient"]["name"] == "王測試"
    assert {"staff", "presence"} <= seen.keys()
    assert locked.keys() == {"phone", "box", "cards"}
    assert locked["cards"]["readers"][0]["card"] == {
        "kind": "nhi",
        "insertion": 1,
        "error_code": "",
        "patient": None,
    }


@pytest.mark.parametrize(
    ("rights", "live", "sees"),
    [
        ((Right.VISITS,), True, True),
        ((Right.DISPENSING,), True, True),
        ((Right.EMERGENCY,), True, True),
        ((Right.SETTINGS,), True, False),
        ((), True, False),
        ((Right.VISITS,), False, True),
    ],
)
async def test_whose_card_it_is_is_for_people_who_work_with_patients(
    house: House, phone: Phone, rights: tuple[Right, ...], live: bool, sees: bool
) -> None:
    put_patient(house)
    nobody = await state(phone)
    house.staff.sign_in(phone.phone_id, *rights, live=live)
    somebody = await state(phone)

    assert nobody["cards"]["readers"][0]["card"]["patient"] is None
    assert (somebody["cards"]["readers"][0]["card"]["patient"] is not None) is sees
    assert somebody["phone"]["reduced"] is not live


async def test_an_open_stream_shows_the_lock_and_the_sign_in_at_once(house: House, phone: Phone) -> None:
    put_patient(house)
    headers = {"Cookie": f"{COOKIE}={phone.cookie}"}
    async with house.http.get(f"{house.origin}/api/events", headers=headers) as stream:
        first = await snapshot(stream.content)
        house.staff.sign_in(phone.phone_id, Right.VISITS)
        house.events.look_again()
        signed_in = await snapshot(stream.content)
        await phone.post("/api/phone/lock")
        locked = await snapshot(stream.content)

    assert patient_of(first) is None
    assert (patient_of(signed_in)["name"], signed_in["phone"]["session_id"]) == ("王測試", "s-1")
    assert (patient_of(locked), locked["phone"]["state"]) == (None, "locked")
    assert "staff" not in locked


async def test_who_may_see_something_else_now_gets_it_all_anew(house: House, phone: Phone) -> None:
    """A stream that was interrupted while the phone was signed in must not go on from there when it is locked."""
    put_patient(house)
    house.staff.sign_in(phone.phone_id, Right.VISITS)
    headers = {"Cookie": f"{COOKIE}={phone.cookie}"}
    async with house.http.get(f"{house.origin}/api/events", headers=headers) as stream:
        last_id = (await stream.content.readline()).decode().removeprefix("id: ").strip()
    await phone.post("/api/phone/lock")

    async with house.http.get(
        f"{house.origin}/api/events", headers=headers | {"Last-Event-ID": last_id}
    ) as stream:
        again = await snapshot(stream.content)

    assert again["phone"]["state"] == "locked"


async def snapshot(content: Any) -> Any:
    """The next snapshot of a stream; changes before it are passed over."""
    async with asyncio.timeout(PATIENCE_S):
        while await content.readline() != b"event: snapshot\n":
            pass
        return msgspec.json.decode((await content.readline()).removeprefix(b"data: "))


def patient_of(shown: Any) -> Any:
    return shown["cards"]["readers"][0]["card"]["patient"]
