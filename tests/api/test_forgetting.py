"""A removed phone's browser, and that of an erased box, is told to forget what it holds (ASVS V14.3.1)."""

from __future__ import annotations

import pytest

from tests.api.house import House, Phone
from visitbridge.api.dispatch import COOKIE
from visitbridge.api.problems import problem_response
from visitbridge.errors import BoxErased, BoxLocked, NotPaired, PhoneLocked, PhoneRemoved, VisitBridgeError
from visitbridge.services.phone_session import PhoneLimits
from visitbridge.services.phones import PhoneDesk
from visitbridge.words import load_catalogue

ALL = '"cache", "cookies", "storage"'


async def test_V14_3_1_a_removed_phone_is_told_to_forget(house: House, phone: Phone) -> None:
    other = await house.pair("old phone")
    await phone.delete(f"/api/phones/{other.phone_id}")

    answer = await other.get("/api/state")

    assert (answer.status, answer.code) == (401, "GW-ACC-17")
    assert answer.headers["Clear-Site-Data"] == ALL


@pytest.mark.parametrize("cookie", ["", "never-paired"])
async def test_a_stranger_is_told_nothing_of_the_kind(house: House, phone: Phone, cookie: str) -> None:
    """A phone that the box does not know may belong to a store that was brought back: what it holds may be needed."""
    answer = await house.ask("GET", "/api/state", cookie=cookie)

    assert (answer.status, answer.code) == (401, "GW-ACC-01")
    assert "Clear-Site-Data" not in answer.headers


async def test_the_cookie_before_the_last_counts_too_and_so_does_a_restart(
    house: House, phone: Phone
) -> None:
    other = await house.pair("old phone")
    former = other.cookie
    asked = await other.post("/api/phone/ask")
    proof = {"request": asked.json["request"], "code": house.presence.for_console()[-1].code}
    other.cookie = (await other.post("/api/phone/open", proof)).cookies[COOKIE]
    await phone.delete(f"/api/phones/{other.phone_id}")
    again = PhoneDesk(house.store, house.clock, limits=PhoneLimits())
    await again.load()

    for cookie in (former, other.cookie):
        with pytest.raises(PhoneRemoved):
            await again.authenticate(cookie)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PhoneRemoved(), True),
        (BoxErased(), True),
        (NotPaired(), False),
        (PhoneLocked(), False),
        (BoxLocked(), False),
    ],
)
def test_only_what_is_over_for_good_clears_a_browser(error: VisitBridgeError, told: bool) -> None:
    response = problem_response(error, load_catalogue(), "en")

    assert ("Clear-Site-Data" in response.headers) is told
