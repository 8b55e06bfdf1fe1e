"""T=0 answers by ISO/IEC 7816-3 §12.2 and ISO/IEC 7816-4 §7.6.1, played by a card with a list of answers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.errors import CardError, DeviceError, Retry
from visitbridge.protocols import t0
from visitbridge.protocols.conversation import drive
from visitbridge.sim.contacts import T0Front

SELECT = "00A4040002A0B1"
READ = "00B0000000"


class ListedCard:
    """Answers in order, remembers what it was sent."""

    def __init__(self, answers: Sequence[str]) -> None:
        self.sent: list[str] = []
        self._answers = list(answers)

    def send(self, piece: bytes) -> bytes:
        self.sent.append(piece.hex().upper())
        return bytes.fromhex(self._answers.pop(0))


def run(command: str, answers: Sequence[str], *, is_t0: bool = True) -> tuple[str, list[str]]:
    card = ListedCard(answers)
    answer = drive(t0.exchange(bytes.fromhex(command), t0=is_t0), card.send)
    return answer.hex().upper(), card.sent


@pytest.mark.parametrize(
    ("command", "answers", "whole", "sent"),
    [
        pytest.param(READ, ["01029000"], "01029000", [READ], id="at once"),
        pytest.param(SELECT, ["6A82"], "6A82", [SELECT], id="an error"),
        pytest.param(SELECT + "00", ["9000"], "9000", [SELECT], id="case 4 goes out as case 3"),
        pytest.param(
            SELECT + "00", ["6103", "AABBCC9000"], "AABBCC9000", [SELECT, "00C0000003"], id="61xx is fetched"
        ),
        pytest.param(
            SELECT, ["6102", "AABB6101", "CC9000"], "AABBCC9000", [SELECT, "00C0000002", "00C0000001"], id="61xx twice"
        ),
        pytest.param(SELECT, ["6100", "6C02", "AABB9000"], "AABB9000", [SELECT, "00C0000000", "00C0000002"], id="6C"),
        pytest.param(READ, ["6C02", "AABB9000"], "AABB9000", [READ, "00B0000002"], id="6Cxx is sent again"),
        pytest.param(READ, ["6C02", "6C03"], "6C03", [READ, "00B0000002"], id="but once"),
        pytest.param(SELECT, ["6C02"], "6C02", [SELECT], id="without Le there is nothing to correct"),
        pytest.param("03A4040002A0B1", ["6101", "AA9000"], "AA9000", ["03A4040002A0B1", "03C0000001"], id="channel 3"),
        pytest.param("45CA0000", ["6101", "AA9000"], "AA9000", ["45CA0000", "45C0000001"], id="channel 9"),
        pytest.param("1CCA0000", ["6101", "AA9000"], "AA9000", ["1CCA0000", "00C0000001"], id="chained, secured"),
        pytest.param("80CA0000", ["6101", "AA9000"], "AA9000", ["80CA0000", "00C0000001"], id="proprietary"),
    ],
)  # fmt: skip
def test_t0(command: str, answers: list[str], whole: str, sent: list[str]) -> None:
    assert run(command, answers) == (whole, sent)


@pytest.mark.parametrize(
    ("command", "answers", "whole", "sent"),
    [
        pytest.param(SELECT + "00", ["AA9000"], "AA9000", [SELECT + "00"], id="case 4 as it is"),
        pytest.param(SELECT + "05", ["6C01", "AA9000"], "AA9000", [SELECT + "05", SELECT + "01"], id="6Cxx"),
        pytest.param(SELECT + "00", ["6101", "AA9000"], "AA9000", [SELECT + "00", "00C0000001"], id="61xx"),
        pytest.param("00B00000000000", ["AA9000"], "AA9000", ["00B00000000000"], id="extended"),
    ],
)
def test_t1(command: str, answers: list[str], whole: str, sent: list[str]) -> None:
    assert run(command, answers, is_t0=False) == (whole, sent)


@pytest.mark.parametrize("command", ["00A4", "00B00000000000"], ids=["too short", "extended"])
def test_what_t0_cannot_carry_is_never_sent(command: str) -> None:
    card = ListedCard([])
    with pytest.raises(CardError):
        drive(t0.exchange(bytes.fromhex(command), t0=True), card.send)
    assert card.sent == []


@pytest.mark.parametrize("answer", ["", "90"])
def test_an_answer_without_status_word_leaves_doubt(answer: str) -> None:
    with pytest.raises(DeviceError) as broken:
        run(READ, [answer])
    assert broken.value.retry is Retry.UNKNOWN


def test_an_answer_without_end_is_given_up() -> None:
    with pytest.raises(DeviceError) as endless:
        run(SELECT, ["6101", *["AA6101"] * 1000])
    assert endless.value.retry is Retry.UNKNOWN


@pytest.mark.parametrize(
    ("atr", "is_t0"),
    [
        ("3B6900004943432D4E48492030", True),
        ("3BFA1800008131FE4550564A434F503453494493", False),
        ("3BEE00008131FE4580318066409093060F17830F9000F3", False),
        ("3B80800101", True),
        ("3B", True),
        ("3B80", True),
    ],
)
def test_the_protocol_that_an_atr_names(atr: str, is_t0: bool) -> None:
    assert t0.speaks_t0(bytes.fromhex(atr)) is is_t0


class EchoCard:
    """Answers every command with the same data."""

    atr = bytes.fromhex("3B00")

    def __init__(self, data: bytes) -> None:
        self.executed = 0
        self._data = data

    def reset(self) -> None:
        pass

    def execute(self, apdu: bytes) -> bytes:
        self.executed += 1
        return self._data + b"\x90\x00"


@given(
    data=st.binary(max_size=1500),
    sent=st.binary(max_size=255),
    le=st.none() | st.integers(min_value=0, max_value=255),
)
def test_over_t0_every_answer_arrives_whole_and_the_card_acts_once(
    data: bytes, sent: bytes, le: int | None
) -> None:
    asks_with_le = not sent and le is not None
    data = data[:256] if asks_with_le else data
    command = b"\x00\xca\x00\x00"
    command += bytes((len(sent),)) + sent if sent else b""
    command += b"" if le is None else bytes((le,))
    card = EchoCard(data)
    assert drive(t0.exchange(command, t0=True), T0Front(card).execute) == data + b"\x90\x00"
    assert card.executed == 1
