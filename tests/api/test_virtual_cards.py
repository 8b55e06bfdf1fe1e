"""A virtual card's QR code by photo: read in the real worker, for those with VC, and nothing of it comes back (H04, H07)."""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import qrcode
from PIL import Image

from tests.api.house import Answer, House, Phone, open_house
from visitbridge.adapters.imaging import PhotoCodeReader
from visitbridge.api.resources.virtual_cards import VirtualCards
from visitbridge.domain.people import Right
from visitbridge.protocols.scanned_code import VirtualCardProfile
from visitbridge.sim.clock import FakeClock

PATH = "/api/virtual-cards/photo"
OPAQUE = "9f3b7c0d5e21a84466aa"


def photo(*texts: str) -> bytes:
    """PNG of the codes below each other; of a blank sheet for none."""
    sheet = Image.new("L", (600, 100 + 600 * len(texts)), 255)
    for number, text in enumerate(texts):
        code = qrcode.QRCode(border=4)
        code.add_data(text)
        sheet.paste(code.make_image().get_image().convert("L").resize((500, 500)), (50, 50 + 600 * number))
    png = io.BytesIO()
    sheet.save(png, "PNG")
    return png.getvalue()


@pytest.fixture
async def house(tmp_path: Path, clock: FakeClock) -> AsyncIterator[House]:
    routes = VirtualCards(PhotoCodeReader(deadline_s=60.0), VirtualCardProfile()).routes()
    async with open_house(tmp_path, clock, routes=routes) as opened:
        yield opened


@pytest.fixture
async def phone(house: House) -> Phone:
    return await house.pair("林護理師 iPhone")


async def send(phone: Phone, image: bytes) -> Answer:
    return await phone.house.ask(
        "POST", PATH, data=image, headers={"Content-Type": "image/png"}, cookie=phone.cookie
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [(OPAQUE, "maybe_virtual_card"), ("https://10.77.0.1/p#0123456789abcdef", "address"), ("0001", "other")],
    ids=["H04 opaque", "H07 address", "H07 short"],
)
async def test_the_answer_says_what_the_code_is_and_nothing_of_what_it_holds(
    house: House, phone: Phone, caplog: pytest.LogCaptureFixture, text: str, code: str
) -> None:
    caplog.set_level(logging.DEBUG)
    house.staff.sign_in(phone.phone_id, Right.VIRTUAL_CARD)
    answer = await send(phone, photo(text))

    assert (answer.status, answer.json) == (200, {"code": code})
    assert text not in caplog.text


@pytest.mark.parametrize(
    "texts", [(), (OPAQUE, OPAQUE[::-1])], ids=["H07 no code in the picture", "H07 two codes"]
)
async def test_a_picture_that_shows_no_single_code_is_refused(
    house: House, phone: Phone, texts: tuple[str, ...]
) -> None:
    house.staff.sign_in(phone.phone_id, Right.VIRTUAL_CARD)
    answer = await send(phone, photo(*texts))

    assert (answer.status, answer.code) == (422, "GW-REQ-02")
    assert answer.json["error"]["field"] == "photo"


async def test_A14_without_VC_nothing_is_looked_at(house: House, phone: Phone) -> None:
    nobody = await send(phone, photo(OPAQUE))
    house.staff.sign_in(phone.phone_id, Right.VISITS)

    assert nobody.code == "GW-ACC-02"
    assert (await send(phone, photo(OPAQUE))).code == "GW-ACC-04"
