"""A PIN passes through the API without leaving a copy that cannot be wiped."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from tests.api.house import open_house
from visitbridge.api.resources.staff import SignIn, Staff
from visitbridge.api.routes import PAIRED, AnyRoute, Call, NoQuery, Route
from visitbridge.errors import PinWrong
from visitbridge.ports.records import PairedPhone, StaffSessionRow
from visitbridge.services.phones import PhoneDesk
from visitbridge.services.staff import StaffDesk
from visitbridge.sim.clock import FakeClock

PIN = "481516"


class Desk:
    """Takes the PIN as the staff desk does: reads it and refuses."""

    def __init__(self) -> None:
        self.given: list[tuple[str, bytes, str]] = []

    async def sign_in(self, reader_id: str, pin: bytearray, phone_id: str) -> StaffSessionRow:
        self.given.append((reader_id, bytes(pin), phone_id))
        raise PinWrong("card said 63C2", params={"tries_left": 2})


class NobodysTurn:
    """A reader that is free for whoever asks."""

    def use(self, reader_id: str, phone: PairedPhone) -> None:
        pass


def staff_routes(desk: Desk) -> list[AnyRoute]:
    return Staff(cast(StaffDesk, desk), cast(PhoneDesk, None), NobodysTurn()).routes()


@pytest.mark.parametrize(
    ("pin", "digits"),
    [(b'"1234"', b"1234"), (b'"123456"', b"123456"), (b'"012345678901"', b"012345678901")],
)
async def test_the_pin_reaches_the_desk_as_digits(
    tmp_path: Path, clock: FakeClock, pin: bytes, digits: bytes
) -> None:
    desk = Desk()
    async with open_house(tmp_path, clock, routes=staff_routes(desk)) as house:
        phone = await house.pair()
        answer = await house.ask(
            "POST",
            "/api/staff/sessions",
            data=b'{"reader_id": "r1", "pin": ' + pin + b"}",
            cookie=phone.cookie,
        )

    assert desk.given == [("r1", digits, phone.phone_id)]
    assert (answer.status, answer.code) == (409, "GW-CRD-06")
    assert answer.json["error"]["params"] == {"tries_left": 2}
    assert "還可以試 2 次" in answer.json["error"]["words"]["what"]


@pytest.mark.parametrize(
    "pin", [b'"123"', b'"12345a"', b"123456", b'"1234567890123"', b'""', b"null", b'"\\u0031234"', b"{}"]
)
async def test_what_is_no_pin_is_refused_without_repeating_it(
    tmp_path: Path, clock: FakeClock, pin: bytes
) -> None:
    desk = Desk()
    async with open_house(tmp_path, clock, routes=staff_routes(desk)) as house:
        phone = await house.pair()
        answer = await house.ask(
            "POST",
            "/api/staff/sessions",
            data=b'{"reader_id": "r1", "pin": ' + pin + b"}",
            cookie=phone.cookie,
        )

    assert (answer.status, answer.json["error"]["field"]) == (422, "pin")
    assert desk.given == []


async def test_the_request_is_wiped_when_its_handler_is_done(tmp_path: Path, clock: FakeClock) -> None:
    seen: list[memoryview] = []

    async def look(call: Call[NoQuery, SignIn]) -> dict[str, str]:
        seen.append(memoryview(call.body.pin))
        return {"pin_is_there": str(bytes(seen[0]) == f'"{PIN}"'.encode())}

    route: Route[Any, Any, Any] = Route(
        method="POST",
        path="/api/test/pin",
        summary="test",
        access=PAIRED,
        handler=look,
        body=SignIn,
        answer=dict[str, str],
    )
    async with open_house(tmp_path, clock, routes=[route]) as house:
        phone = await house.pair()
        answer = await phone.post("/api/test/pin", {"reader_id": "r", "pin": PIN})

    assert answer.json == {"pin_is_there": "True"}
    assert bytes(seen[0]) == bytes(len(PIN) + 2)


def test_a_request_for_signing_in_does_not_show_its_pin() -> None:
    request = msgspec.json.decode(f'{{"reader_id": "r", "pin": "{PIN}"}}', type=SignIn)

    assert PIN not in repr(request)
