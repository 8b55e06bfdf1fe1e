"""A script of the data centre on a card: where a PIN may go, and where not, whoever asks for it."""

from __future__ import annotations

import pytest

from visitbridge.errors import DataCentreGarbled
from visitbridge.ports.card_channel import CardChannel, CardProtocol, Reset
from visitbridge.protocols.datacentre.cards import Script, ScriptStep
from visitbridge.services.scripts import run_script

PIN = b"481516"
BLOCK = "FF" * 8


class Card(CardChannel):
    """A card that takes everything, and keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[bytes] = []

    @property
    def atr(self) -> bytes:
        return b""

    @property
    def protocol(self) -> CardProtocol:
        return CardProtocol.T1

    @property
    def is_powered(self) -> bool:
        return True

    async def transmit(self, apdu: bytes, *, deadline_s: float = 5.0) -> bytes:
        self.given.append(apdu)
        return b"\x90\x00"

    async def power_off(self, *, deadline_s: float = 5.0) -> None:
        raise AssertionError("nobody asked for that")

    async def reset(self, how: Reset = Reset.COLD, *, deadline_s: float = 10.0) -> bytes:
        raise AssertionError("nobody asked for that")


def with_pin(apdu: str) -> Script:
    step = ScriptStep(apdu=apdu, label="x", pin=True)
    return Script(batch_id="b", phase="verify_pin", steps=(step,), deadline_s=5.0)


async def test_a_pin_goes_into_a_verify() -> None:
    card = Card()
    await run_script(card, with_pin(f"0020008108{BLOCK}"), pin=bytearray(PIN))

    assert card.given == [bytes.fromhex("0020008108") + PIN + b"\xff\xff"]


@pytest.mark.parametrize(
    "apdu",
    [
        f"00D6000008{BLOCK}",
        f"00DA010108{BLOCK}",
        f"00E2000008{BLOCK}",
        f"0024008108{BLOCK}",
        f"0020008107{BLOCK}",
        f"0020008109{BLOCK}",
        "0020008108",
        "0020008100",
        "00200081",
        "0020",
        "",
        "0020008104FFFFFFFF",
    ],
    ids=[
        "update binary",
        "put data",
        "append record",
        "change reference data",
        "longer than it says",
        "shorter than it says",
        "no data",
        "no room",
        "a header alone",
        "half a header",
        "nothing",
        "too little room",
    ],
)
async def test_a_pin_goes_into_nothing_that_a_card_would_give_back(apdu: str) -> None:
    """A data centre that wanted it would have it written somewhere and read that again."""
    card = Card()
    with pytest.raises(DataCentreGarbled):
        await run_script(card, with_pin(apdu), pin=bytearray(PIN))

    assert card.given == []
