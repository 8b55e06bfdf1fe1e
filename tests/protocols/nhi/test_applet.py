"""Test applet: what travels fits one short secured APDU, and says what docs/test-applet.md says."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.errors import CardError, CardRealmMixed
from visitbridge.protocols.apdu import Command
from visitbridge.protocols.nhi import applet
from visitbridge.protocols.nhi.applet import RecordState
from visitbridge.protocols.nhi.records import (
    ORDER_LENGTH,
    VISIT_LENGTH,
    DiagnosisRecord,
    OrderRecord,
    VisitRecord,
)
from visitbridge.protocols.nhi.testkeys import published_card_keys, published_hpc_key
from visitbridge.protocols.scp03 import MAX_COMMAND_DATA, MAX_RESPONSE_DATA

KEY = applet.record_key("1151122103000", "3599999999")
ORDER = OrderRecord(
    visit_time="1151122103000",
    order_type="1",
    code="DEMO00000001",
    usage="ASORDER IRRIG",
    days=92,
    quantity_tenths=999_999,
    dispensing="02",
)
VISIT = VisitRecord(visit_type="01", visit_time="1151122103000", sequence_no="0001", institution="3599999999")

COMMANDS = [
    pytest.param(applet.READ_REGISTER, "80CA0101 00", id="register"),
    pytest.param(applet.read_visits(3), "80CB0120 02 3033 00", id="visits"),
    pytest.param(
        applet.take_sequence(KEY, "01", is_make_up=True),
        "80DA0130 1A" + KEY.hex() + "303132" + "00",
        id="take sequence",
    ),
    pytest.param(applet.commit_visit(KEY), "80DA0134 17" + KEY.hex() + "00", id="commit"),
    pytest.param(applet.begin_orders(KEY, 60), "80DA0140 19" + KEY.hex() + "3630" + "00", id="begin orders"),
    pytest.param(applet.update(6, dt.date(2040, 12, 31)), "80DA0150 09 30363132393132333100", id="update"),
]


@pytest.mark.parametrize(("command", "raw"), COMMANDS)
def test_commands_on_the_wire(command: Command, raw: str) -> None:
    assert command.encode() == bytes.fromhex(raw)


@pytest.mark.parametrize(
    "command",
    [
        applet.write_visit(VISIT),
        applet.write_diagnoses(KEY, DiagnosisRecord(codes=("I10",) * 6)),
        applet.write_orders(KEY, 57, [ORDER] * applet.RECORDS_PER_COMMAND),
        applet.commit_orders(KEY, bytes(32)),
    ],
    ids=["visit", "diagnoses", "orders", "commit orders"],
)
def test_the_longest_commands_fit(command: Command) -> None:
    assert len(command.data) <= MAX_COMMAND_DATA


def test_the_longest_answers_fit() -> None:
    assert applet.RECORDS_PER_COMMAND * max(VISIT_LENGTH, ORDER_LENGTH) <= MAX_RESPONSE_DATA


stages = st.sampled_from(["absent", "open", "closed"])


@given(
    state=st.builds(
        RecordState,
        visit=stages,
        orders=stages,
        sequence_no=st.just("") | st.from_regex(r"[0-9]{4}", fullmatch=True),
        has_record=st.booleans(),
        has_diagnoses=st.booleans(),
        orders_expected=st.integers(0, 60),
        orders_written=st.integers(0, 60),
        orders_digest=st.binary(min_size=32, max_size=32),
    )
)
def test_record_state_round_trip(state: RecordState) -> None:
    assert len(state.encode()) == 44
    assert RecordState.decode(state.encode()) == state


@pytest.mark.parametrize("raw", [b"", b"X" + bytes(43), b"AX" + b" " * 10 + bytes(32)])
def test_refuses_another_record_state(raw: bytes) -> None:
    with pytest.raises(CardError):
        RecordState.decode(raw)


def test_pages_that_are_cut_off_are_refused() -> None:
    with pytest.raises(CardError):
        applet.split_orders(bytes(ORDER_LENGTH + 1))


def test_card_number_travels_in_the_diversification_data() -> None:
    raw = applet.diversification("900000000001")

    assert raw == b"VBT1\x90\x00\x00\x00\x00\x01"
    assert applet.card_no_of(raw) == "900000000001"


@pytest.mark.parametrize("raw", [b"XXXX\x90\x00\x00\x00\x00\x01", b"VBT1\x9a\x00\x00\x00\x00\x01"])
def test_refuses_diversification_data_of_another_realm(raw: bytes) -> None:
    with pytest.raises(CardError):
        applet.card_no_of(raw)


def test_published_keys_differ_from_card_to_card_and_stay() -> None:
    one, other = published_card_keys("900000000001"), published_card_keys("900000000002")

    assert one == published_card_keys("900000000001")
    assert len({one.enc, one.mac, other.enc, other.mac}) == 4
    assert (
        published_hpc_key("990000000001").private_numbers()
        != published_hpc_key("990000000002").private_numbers()
    )


@pytest.mark.parametrize("number", ["000000000001", "100000000009", ""])
def test_published_keys_are_refused_to_production_numbers(number: str) -> None:
    with pytest.raises(CardRealmMixed):
        published_card_keys(number)
    with pytest.raises(CardRealmMixed):
        published_hpc_key(number)
