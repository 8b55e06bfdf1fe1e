"""The virtual NHI card: public read, secure channel, and the applet's own rules."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tests.sim.card.terminal import Terminal, send
from visitbridge.protocols.apdu import Command, Response
from visitbridge.protocols.nhi import applet
from visitbridge.protocols.nhi.applet import RecordState
from visitbridge.protocols.nhi.basic import NHI_AID, READ_BASIC, SELECT_NHI, decode_basic
from visitbridge.protocols.nhi.records import (
    DiagnosisRecord,
    LastSequence,
    OrderRecord,
    Register,
    VisitRecord,
)
from visitbridge.protocols.scp03 import SecurityLevel, initialize_update
from visitbridge.sim.card.nhi import NhiCard
from visitbridge.sim.card.nhi_memory import KEYS_REMEMBERED
from visitbridge.sim.card.profiles import NHI_PROFILES

PROFILE = NHI_PROFILES[0]
INSTITUTION = "3599999999"


def _time(index: int, year: str = "115") -> str:
    return f"{year}1122{index // 3600:02d}{index // 60 % 60:02d}{index % 60:02d}"


def _key(index: int = 0, year: str = "115") -> bytes:
    return applet.record_key(_time(index, year), INSTITUTION)


def _take(terminal: Terminal, index: int = 0, year: str = "115") -> Response:
    return terminal.ask(applet.take_sequence(_key(index, year), "01", is_make_up=False))


def _visit(index: int = 0, sequence_no: str = "0001", **changes: int) -> VisitRecord:
    record = VisitRecord(
        visit_type="01", visit_time=_time(index), sequence_no=sequence_no, institution=INSTITUTION
    )
    return msgspec.structs.replace(record, **changes)


def _close(terminal: Terminal, index: int) -> None:
    number = _take(terminal, index).data.decode("ascii")
    assert terminal.ask(applet.write_visit(_visit(index, number))).is_ok
    assert terminal.ask(applet.commit_visit(_key(index))).is_ok


def _order(index: int = 0, code: str = "DEMO") -> OrderRecord:
    return OrderRecord(
        visit_time=_time(index),
        order_type="1",
        code=code,
        usage="BID PO",
        days=7,
        quantity_tenths=140,
        dispensing="01",
    )


def _write_orders(terminal: Terminal, index: int, count: int) -> None:
    records = [_order(index, f"D{index:02d}{at:03d}") for at in range(count)]
    assert terminal.ask(applet.begin_orders(_key(index), count)).is_ok
    for first in range(0, count, 3):
        assert terminal.ask(applet.write_orders(_key(index), first, records[first : first + 3])).is_ok
    digest = applet.orders_digest([record.encode() for record in records])
    assert terminal.ask(applet.commit_orders(_key(index), digest)).is_ok


def _state(terminal: Terminal, index: int = 0) -> RecordState:
    return RecordState.decode(terminal.ask(applet.read_state(_key(index))).data)


@pytest.fixture
def card() -> NhiCard:
    return NhiCard(msgspec.structs.replace(PROFILE, uses_left=99))


@pytest.fixture
def terminal(card: NhiCard) -> Terminal:
    return Terminal(card)


def test_public_read_needs_no_channel(card: NhiCard) -> None:
    assert card.execute(SELECT_NHI) == b"\x90\x00"

    answer = Response.decode(card.execute(READ_BASIC))

    assert (len(answer.data), answer.sw) == (57, 0x9000)
    assert decode_basic(answer.data) == PROFILE.basic


def test_public_read_works_with_le_too(card: NhiCard) -> None:
    assert send(card, Command(0x00, 0xA4, 0x04, 0x00, NHI_AID, le=256)).is_ok
    assert len(send(card, Command(0x00, 0xCA, 0x11, 0x00, b"\x00\x00", le=256)).data) == 57


@pytest.mark.parametrize(
    ("command", "status"),
    [
        pytest.param(
            Command(0x00, 0xA4, 0x04, 0x00, b"\xa0\x00\x00\x00\x03"), 0x6A82, id="other application"
        ),
        pytest.param(Command(0x00, 0xCA, 0x11, 0x00, b"\x00\x00"), 0x6985, id="read before select"),
        pytest.param(Command(0x80, 0x50, 0x00, 0x00, bytes(8), le=256), 0x6985, id="channel before select"),
    ],
)
def test_before_select(command: Command, status: int, card: NhiCard) -> None:
    assert send(card, command).sw == status


@pytest.mark.parametrize(
    ("command", "status"),
    [
        pytest.param(Command(0x00, 0xB0, 0x00, 0x00, le=1), 0x6D00, id="unknown instruction"),
        pytest.param(Command(0xA0, 0xCA, 0x11, 0x00), 0x6E00, id="unknown class"),
        pytest.param(applet.READ_REGISTER, 0x6982, id="applet command outside the channel"),
        pytest.param(applet.commit_visit(_key()), 0x6982, id="write outside the channel"),
        pytest.param(Command(0x84, 0xCA, 0x01, 0x01, bytes(8), le=256), 0x6982, id="secured without channel"),
        pytest.param(Command(0x84, 0x82, 0x33, 0x00, bytes(16)), 0x6985, id="authentication out of order"),
        pytest.param(Command(0x80, 0x50, 0x00, 0x00, bytes(7), le=256), 0x6700, id="short challenge"),
    ],
)
def test_refused_after_select(command: Command, status: int, card: NhiCard) -> None:
    card.execute(SELECT_NHI)

    assert send(card, command).sw == status


def test_bytes_that_are_no_apdu(card: NhiCard) -> None:
    assert card.execute(b"\x00\xa4") == b"\x67\x00"


def test_reset_forgets_the_selection_and_the_channel(card: NhiCard, terminal: Terminal) -> None:
    secured = terminal.channel.wrap(applet.READ_REGISTER)
    card.reset()
    card.execute(SELECT_NHI)

    assert send(card, secured).sw == 0x6982


def test_a_false_host_gets_no_channel(card: NhiCard) -> None:
    card.execute(SELECT_NHI)
    send(card, initialize_update(bytes(8)))

    assert send(card, Command(0x84, 0x82, 0x33, 0x00, bytes(16))).sw == 0x6300
    assert send(card, Command(0x84, 0xCA, 0x01, 0x01, bytes(8), le=256)).sw == 0x6982


def test_less_than_full_security_is_refused(card: NhiCard) -> None:
    terminal = Terminal(card, level=SecurityLevel.C_MAC)

    assert terminal.opened.sw == 0x6982
    assert terminal.ask(applet.READ_REGISTER).sw == 0x6982


def test_a_changed_command_ends_the_channel(card: NhiCard, terminal: Terminal) -> None:
    good = terminal.channel.wrap(applet.take_sequence(_key(), "01", is_make_up=False))

    assert send(card, msgspec.structs.replace(good, p2=0x31)).sw == 0x6988
    assert send(card, good).sw == 0x6982
    assert card.memory.entries == []


def test_a_recorded_session_cannot_be_replayed(card: NhiCard) -> None:
    sent: list[bytes] = []
    terminal = Terminal(card)
    sent.append(initialize_update(b"\x01" * 8).encode())
    sent.append(terminal.channel.external_authenticate().encode())
    card.reset()
    card.execute(SELECT_NHI)

    statuses = [Response.decode(card.execute(raw)).sw for raw in sent]

    assert statuses == [0x9000, 0x6300]


def test_two_sessions_never_share_a_challenge(card: NhiCard) -> None:
    assert Terminal(card).update.challenge != Terminal(card).update.challenge


def test_register_says_what_the_card_was_made_with(terminal: Terminal) -> None:
    register = Register.decode(terminal.ask(applet.READ_REGISTER).data)

    assert (register.basic, register.uses_left, register.valid_until) == (
        PROFILE.basic,
        99,
        PROFILE.valid_until,
    )
    assert register.is_insured


def test_numbers_count_up_within_a_year_and_start_again_with_the_next(
    card: NhiCard, terminal: Terminal
) -> None:
    taken = [_take(terminal, 0), _take(terminal, 1), _take(terminal, 0, "116"), _take(terminal, 2)]

    assert [response.data for response in taken] == [b"0001", b"0002", b"0001", b"0003"]
    assert card.memory.uses_left == 95
    assert LastSequence.decode(terminal.ask(applet.READ_LAST_SEQUENCE).data) == LastSequence(
        roc_year=116, number=1
    )


def test_one_key_has_one_number(card: NhiCard, terminal: Terminal) -> None:
    assert _take(terminal).data == _take(terminal).data == _take(Terminal(card)).data == b"0001"
    assert (card.memory.uses_left, card.memory.entries[0].mutations) == (98, {"take_sequence": 1})


def test_one_key_has_one_number_even_after_its_record_left_the_ring(
    card: NhiCard, terminal: Terminal
) -> None:
    for index in range(8):
        _close(terminal, index)

    assert _take(terminal, 0).data == b"0001"
    assert _state(terminal, 0) == RecordState(visit="closed", orders="absent", sequence_no="0001")
    assert len(card.memory.closed_visits()) == 6


def test_six_visits_can_be_read_oldest_first(terminal: Terminal) -> None:
    for index in range(8):
        _close(terminal, index)

    pages = [terminal.ask(applet.read_visits(first)).data for first in (0, 3, 6)]

    times = [VisitRecord.decode(raw).visit_time for page in pages for raw in applet.split_visits(page)]
    assert times == [_time(index) for index in range(2, 8)]
    assert applet.decode_counts(terminal.ask(applet.READ_COUNTS).data) == (6, 0)


def test_open_visits_are_never_pushed_out(terminal: Terminal) -> None:
    for index in range(6):
        assert _take(terminal, index).is_ok

    assert _take(terminal, 6).sw == 0x6A84


def test_an_open_visit_is_not_read_as_a_visit(terminal: Terminal) -> None:
    _take(terminal)
    terminal.ask(applet.write_visit(_visit()))

    assert terminal.ask(applet.read_visits(0)).data == b""
    assert terminal.ask(applet.read_visit(_key())).data == _visit().encode()


def test_a_key_too_old_to_be_remembered_gets_no_second_number(card: NhiCard, terminal: Terminal) -> None:
    for index in range(KEYS_REMEMBERED + 1):
        card.memory.uses_left = 99
        _close(terminal, index)

    assert _take(terminal, 0).sw == 0x6A84
    assert _take(terminal, 1).data == b"0002"
    assert len(card.memory.entries) == KEYS_REMEMBERED


def test_no_uses_left() -> None:
    terminal = Terminal(NhiCard(msgspec.structs.replace(PROFILE, uses_left=0)))

    assert _take(terminal).sw == 0x6985
    assert _state(terminal).visit == "absent"


def test_a_visit_without_number_costs_no_use(card: NhiCard, terminal: Terminal) -> None:
    assert terminal.ask(applet.open_visit(_key(), "AH", is_make_up=False)).is_ok
    assert terminal.ask(applet.open_visit(_key(), "AH", is_make_up=False)).is_ok

    assert _state(terminal) == RecordState(visit="open", orders="absent")
    assert (card.memory.uses_left, card.memory.entries[0].mutations) == (99, {"open_visit": 1})
    assert _take(terminal).sw == 0x6985


def test_a_numbered_visit_cannot_be_opened_without(terminal: Terminal) -> None:
    _take(terminal)

    assert terminal.ask(applet.open_visit(_key(), "AH", is_make_up=False)).sw == 0x6985


def _closed_visit(terminal: Terminal) -> None:
    _close(terminal, 0)


def _open_filled_visit(terminal: Terminal) -> None:
    _take(terminal)
    terminal.ask(applet.write_visit(_visit()))


def _open_orders(terminal: Terminal) -> None:
    _close(terminal, 0)
    terminal.ask(applet.begin_orders(_key(), 2))
    terminal.ask(applet.write_orders(_key(), 0, [_order()]))


def _closed_orders(terminal: Terminal) -> None:
    _close(terminal, 0)
    _write_orders(terminal, 0, 1)


def _nothing(terminal: Terminal) -> None:
    return


REFUSALS: list[object] = [
    pytest.param(_nothing, applet.write_visit(_visit()), 0x6A83, id="write without number"),
    pytest.param(_nothing, applet.commit_visit(_key()), 0x6A83, id="commit of nothing"),
    pytest.param(_take, applet.commit_visit(_key()), 0x6985, id="commit before write"),
    pytest.param(_take, applet.write_visit(_visit(sequence_no="0002")), 0x6A80, id="another number"),
    pytest.param(_take, applet.begin_orders(_key(), 1), 0x6985, id="orders of an open visit"),
    pytest.param(_open_filled_visit, applet.begin_orders(_key(), 1), 0x6985, id="orders before commit"),
    pytest.param(_closed_visit, applet.write_visit(_visit()), 0x6985, id="write of a closed visit"),
    pytest.param(
        _closed_visit,
        applet.write_diagnoses(_key(), DiagnosisRecord(codes=("I10",))),
        0x6985,
        id="diagnoses of a closed visit",
    ),
    pytest.param(_closed_visit, applet.commit_visit(_key()), 0x6985, id="second commit"),
    pytest.param(_closed_visit, applet.write_orders(_key(), 0, [_order()]), 0x6985, id="orders not begun"),
    pytest.param(_closed_visit, applet.begin_orders(_key(), 61), 0x6A84, id="more orders than slots"),
    pytest.param(_open_orders, applet.begin_orders(_key(), 2), 0x6985, id="second begin"),
    pytest.param(_open_orders, applet.write_orders(_key(), 0, [_order()]), 0x6985, id="orders written twice"),
    pytest.param(_open_orders, applet.write_orders(_key(), 2, [_order()]), 0x6985, id="orders with a gap"),
    pytest.param(_open_orders, applet.write_orders(_key(), 1, [_order()] * 2), 0x6A84, id="too many orders"),
    pytest.param(
        _open_orders, applet.write_orders(_key(), 1, [_order(1)]), 0x6A80, id="order of another visit"
    ),
    pytest.param(
        _open_orders, applet.commit_orders(_key(), bytes(32)), 0x6985, id="commit with orders missing"
    ),
    pytest.param(_closed_orders, applet.write_orders(_key(), 1, [_order()]), 0x6985, id="order too late"),
    pytest.param(
        _closed_orders, applet.commit_orders(_key(), bytes(32)), 0x6985, id="second commit of orders"
    ),
    pytest.param(_nothing, Command(0x80, 0xDA, 0x01, 0x99, b"x", le=256), 0x6A88, id="unknown object"),
    pytest.param(_nothing, Command(0x80, 0xDA, 0x01, 0x01, b"x", le=256), 0x6A88, id="write of the register"),
    pytest.param(_nothing, Command(0x80, 0xB0, 0x00, 0x00, le=256), 0x6D00, id="unknown instruction"),
    pytest.param(_nothing, Command(0x80, 0xDA, 0x01, 0x30, b"\xff" * 26, le=256), 0x6A80, id="not ASCII"),
    pytest.param(_nothing, Command(0x80, 0xDA, 0x01, 0x30, b"1" * 3, le=256), 0x6A80, id="short key"),
    pytest.param(_nothing, Command(0x80, 0xDA, 0x01, 0x32, b"1" * 68, le=256), 0x6A80, id="short record"),
    pytest.param(_nothing, Command(0x80, 0xDA, 0x01, 0x50, b"061401332", le=256), 0x6A80, id="no such day"),
    pytest.param(_nothing, applet.read_visit(_key()), 0x6A83, id="no such visit"),
]


@pytest.mark.parametrize(("prepare", "command", "status"), REFUSALS)
def test_what_would_damage_a_record_is_refused_and_changes_nothing(
    prepare: Callable[[Terminal], object], command: Command, status: int, card: NhiCard, terminal: Terminal
) -> None:
    prepare(terminal)
    before = msgspec.json.encode(card.memory)

    assert terminal.ask(command).sw == status
    assert msgspec.json.encode(card.memory) == before


def test_commit_of_orders_with_another_content_is_refused(terminal: Terminal) -> None:
    _close(terminal, 0)
    terminal.ask(applet.begin_orders(_key(), 1))
    terminal.ask(applet.write_orders(_key(), 0, [_order()]))

    assert terminal.ask(applet.commit_orders(_key(), bytes(32))).sw == 0x6A80
    assert _state(terminal).orders == "open"


def test_sixty_orders_can_be_read_oldest_first(terminal: Terminal) -> None:
    _close(terminal, 0)
    _close(terminal, 1)
    _write_orders(terminal, 0, 20)
    _write_orders(terminal, 1, 45)

    pages = [terminal.ask(applet.read_orders(first)).data for first in range(0, 63, 3)]

    codes = [OrderRecord.decode(raw).code for page in pages for raw in applet.split_orders(page)]
    assert codes == [f"D00{at:03d}" for at in range(5, 20)] + [f"D01{at:03d}" for at in range(45)]
    assert applet.decode_counts(terminal.ask(applet.READ_COUNTS).data) == (2, 60)


def test_orders_that_left_the_ring_still_count_as_closed(terminal: Terminal) -> None:
    _close(terminal, 0)
    _close(terminal, 1)
    _write_orders(terminal, 0, 2)
    before = _state(terminal, 0)
    _write_orders(terminal, 1, 60)

    assert _state(terminal, 0) == before
    assert before.orders == "closed"


def test_open_orders_keep_their_slots(terminal: Terminal) -> None:
    _close(terminal, 0)
    _close(terminal, 1)
    terminal.ask(applet.begin_orders(_key(0), 40))

    assert terminal.ask(applet.begin_orders(_key(1), 21)).sw == 0x6A84
    assert terminal.ask(applet.begin_orders(_key(1), 20)).is_ok


def test_an_open_visit_can_be_corrected_and_shows_it(card: NhiCard, terminal: Terminal) -> None:
    _take(terminal)
    terminal.ask(applet.write_visit(_visit()))
    terminal.ask(applet.write_visit(_visit(outpatient_fee=5)))

    assert terminal.ask(applet.read_visit(_key())).data == _visit(outpatient_fee=5).encode()
    assert card.memory.entries[0].mutations["write_visit"] == 2


def test_snapshot_shows_records_and_counters(card: NhiCard, terminal: Terminal) -> None:
    _close(terminal, 0)

    snapshot = card.snapshot()

    assert (snapshot.card_id, snapshot.kind) == ("patient-wang", "nhi")
    assert snapshot.records[0] | {"record": ""} == {
        "visit_time": _time(0),
        "institution": INSTITUTION,
        "sequence_no": "0001",
        "visit": "closed",
        "record": "",
        "diagnoses": "",
        "orders": "absent",
        "orders_written": 0,
        "take_sequence": 1,
        "write_visit": 1,
        "commit_visit": 1,
    }
    assert snapshot.counters == {"uses_left": 98, "channels": 1, "updates": 0, "last_number_115": 1}
