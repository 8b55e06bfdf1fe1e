"""What is refused is in the log: by its code, for which phone, and without anything that was sent (ASVS V16.3.2, V16.3.3)."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.api.house import House, Phone
from visitbridge.services.phone_session import PhoneLimits

CANARY = "S3CRET-0912345678"


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    records = [record for record in caplog.records if record.name == "visitbridge.access"]
    return [getattr(record, "fields", {}) for record in records]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


async def test_V16_3_2_a_phone_that_may_not_is_told_of(
    house: House, phone: Phone, log: pytest.LogCaptureFixture
) -> None:
    user = await house.pair("user")
    house.clock.advance(PhoneLimits().proof_s)
    await user.delete(f"/api/phones/{phone.phone_id}")
    await user.post("/api/phone/unlock", {"code": "271828"})

    first, second = told(log)

    assert (first["refused"], first["phone"], first["status"]) == ("GW-ACC-16", user.phone_id, 403)
    assert first["route"] == "/api/phones/{phone_id}"
    assert (second["refused"], second["phone"]) == ("GW-ACC-13", user.phone_id)


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"Origin": "https://elsewhere.example"}, b"{}", "GW-ACC-06"),
        ({"Host": "elsewhere.example"}, b"{}", "GW-ACC-05"),
        ({}, b'{"token": "' + CANARY.encode() + b'", "name": "x"}', "GW-ACC-07"),
        ({}, b'{"token": "' + CANARY.encode(), "GW-REQ-01"),
    ],
    ids=["origin", "host", "guess", "form"],
)
async def test_V16_3_3_a_stranger_who_tries_is_told_of_without_what_was_sent(
    house: House, log: pytest.LogCaptureFixture, headers: dict[str, str | None], body: bytes, code: str
) -> None:
    await house.ask("POST", "/api/pair", data=body, headers=headers)

    (line,) = told(log)
    assert line["refused"] == code
    assert "phone" not in line
    assert CANARY not in log.text


async def test_what_is_granted_names_no_phone(
    house: House, phone: Phone, log: pytest.LogCaptureFixture
) -> None:
    await phone.get("/api/phones")

    (line,) = told(log)
    assert {"refused", "phone"} & line.keys() == set()
