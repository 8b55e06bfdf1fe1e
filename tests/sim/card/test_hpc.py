"""The test HPC: PIN counter, signature, and what survives a pull."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.sim.card.terminal import send
from visitbridge.domain.people import StaffKind
from visitbridge.errors import CardError, CardRemoved
from visitbridge.protocols.apdu import Command, Response
from visitbridge.protocols.nhi.basic import SELECT_NHI
from visitbridge.protocols.nhi.hpc import (
    PIN_STATUS,
    PIN_TEMPLATE,
    READ_HOLDER,
    SELECT_HPC,
    Holder,
    decode_holder,
    encode_holder,
    internal_authenticate,
    pin_block,
    signed_message,
    verify_pin,
)
from visitbridge.protocols.nhi.testkeys import published_hpc_key
from visitbridge.sim.card import Pull, PulledCard, PullMoment
from visitbridge.sim.card.hpc import HpcCard
from visitbridge.sim.card.profiles import HPC_PROFILES, LAB_PIN

DOCTOR = HPC_PROFILES[0]
RIGHT = verify_pin(pin_block(LAB_PIN.encode()))
WRONG = verify_pin(pin_block(b"654321"))
CHALLENGE = bytes(range(32))


@pytest.fixture
def card() -> HpcCard:
    card = HpcCard(DOCTOR)
    card.execute(SELECT_HPC)
    return card


def test_commands_on_the_wire() -> None:
    assert SELECT_HPC.hex() == "00a404000c" + "f0" + b"VBHPC-TEST1".hex()
    assert READ_HOLDER.hex() == "00ca010100"
    assert PIN_TEMPLATE.hex() == "0020000108ffffffffffffffff"
    assert RIGHT.encode().hex() == "0020000108313233343536ffff"


def test_holder_record(card: HpcCard) -> None:
    answer = Response.decode(card.execute(READ_HOLDER))

    assert answer.data == b"990000000001" + "醫師樣本".encode("cp950").ljust(20, b"\x00") + b"D"
    assert decode_holder(answer.data) == Holder(hpc_no="990000000001", name="醫師樣本", kind=StaffKind.DOCTOR)


@pytest.mark.parametrize("kind", StaffKind)
def test_holder_round_trip(kind: StaffKind) -> None:
    holder = Holder(hpc_no="990000000009", name="樣本", kind=kind)

    assert decode_holder(encode_holder(holder)) == holder


@pytest.mark.parametrize("raw", [b"", b"99000000000X" + bytes(20) + b"D", b"990000000001" + bytes(20) + b"?"])
def test_a_damaged_holder_record_is_refused(raw: bytes) -> None:
    with pytest.raises(CardError):
        decode_holder(raw)


@pytest.mark.parametrize("pin", [b"123", b"123456789", b"12345a", b""])
def test_a_pin_is_4_to_8_digits(pin: bytes) -> None:
    with pytest.raises(ValueError, match="digits"):
        pin_block(pin)


def test_the_counter_goes_down_and_locks(card: HpcCard) -> None:
    statuses = [send(card, command).sw for command in (WRONG, WRONG, WRONG, WRONG, RIGHT)]

    assert statuses == [0x63C2, 0x63C1, 0x6983, 0x6983, 0x6983]
    assert card.snapshot().counters["pin_tries_left"] == 0


def test_the_right_pin_gives_all_tries_back(card: HpcCard) -> None:
    statuses = [send(card, command).sw for command in (WRONG, WRONG, RIGHT, WRONG)]

    assert statuses == [0x63C2, 0x63C1, 0x9000, 0x63C2]


def test_asking_for_the_tries_left_costs_none(card: HpcCard) -> None:
    send(card, WRONG)

    assert [Response.decode(card.execute(PIN_STATUS)).sw for _ in range(5)] == [0x63C2] * 5


def test_asking_after_verification(card: HpcCard) -> None:
    send(card, RIGHT)

    assert Response.decode(card.execute(PIN_STATUS)).is_ok


def test_signs_number_and_challenge_after_the_pin(card: HpcCard) -> None:
    send(card, RIGHT)
    signature = send(card, internal_authenticate(CHALLENGE)).data
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    public = published_hpc_key("990000000001").public_key()

    public.verify(der, signed_message("990000000001", CHALLENGE), ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(der, signed_message("990000000002", CHALLENGE), ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(
    ("command", "status"),
    [
        pytest.param(internal_authenticate(CHALLENGE), 0x6982, id="signature without PIN"),
        pytest.param(Command(0x00, 0x20, 0x00, 0x02, bytes(8)), 0x6A88, id="another PIN"),
        pytest.param(Command(0x00, 0x20, 0x00, 0x01, b"123456"), 0x6700, id="PIN without padding"),
        pytest.param(Command(0x00, 0xB0, 0x00, 0x00), 0x6D00, id="unknown instruction"),
        pytest.param(Command(0x80, 0x20, 0x00, 0x01), 0x6E00, id="unknown class"),
        pytest.param(Command.decode(SELECT_NHI), 0x6A82, id="NHI application"),
    ],
)
def test_refusals(command: Command, status: int, card: HpcCard) -> None:
    assert send(card, command).sw == status


@pytest.mark.parametrize("command", [RIGHT, Command.decode(READ_HOLDER), internal_authenticate(CHALLENGE)])
def test_nothing_works_before_select(command: Command) -> None:
    assert send(HpcCard(DOCTOR), command).sw == 0x6985


def test_a_challenge_is_32_bytes(card: HpcCard) -> None:
    send(card, RIGHT)

    assert send(card, internal_authenticate(CHALLENGE[:31])).sw == 0x6700


def test_reset_forgets_the_pin(card: HpcCard) -> None:
    send(card, RIGHT)
    card.reset()
    card.execute(SELECT_HPC)

    assert send(card, internal_authenticate(CHALLENGE)).sw == 0x6982


def test_a_wrong_pin_after_the_right_one_takes_the_right_away(card: HpcCard) -> None:
    send(card, RIGHT)
    send(card, WRONG)

    assert send(card, internal_authenticate(CHALLENGE)).sw == 0x6982


def test_pulling_the_card_gives_no_free_guess(tmp_path: Path) -> None:
    for _ in range(2):
        pulled = PulledCard(HpcCard(DOCTOR, tmp_path), Pull(PullMoment.DURING, 2))
        pulled.execute(SELECT_HPC)
        with pytest.raises(CardRemoved):
            send(pulled, WRONG)

    card = HpcCard(DOCTOR, tmp_path)
    card.execute(SELECT_HPC)

    assert Response.decode(card.execute(PIN_STATUS)).sw == 0x63C1
