"""Answer lines as TS 27.007 and the modules' manuals print them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.domain.modem import BearerState, Registration, Signal, SimState
from visitbridge.protocols.at import answers
from visitbridge.protocols.at.cme import CmeClass, class_of, name_of, number_of
from visitbridge.protocols.at.fields import Garbled, fields
from visitbridge.protocols.at.gnss import quectel_position, simcom_position
from visitbridge.protocols.at.network_time import network_time, quectel_network_time


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("+X: 1,2", ["1", "2"]),
        ('+X: 1,"a,b",', ["1", "a,b", ""]),
        ("+X: ,,", ["", "", ""]),
        ("+X:", [""]),
        ("+X: 1 , 2 ", ["1", "2"]),
        ('+X: "a" , "b"', ["a", "b"]),
    ],
)
def test_parameters_are_split_at_commas_outside_quotes(line: str, values: list[str]) -> None:
    assert fields(line, "+X:") == values


@pytest.mark.parametrize("line", ['+X: "a', '+X: a"b"', '+X: "a"b', "+Y: 1"])
def test_broken_parameters_are_refused(line: str) -> None:
    with pytest.raises(Garbled):
        fields(line, "+X:")


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("+CPIN: READY", SimState.READY),
        ("+CPIN: SIM PIN", SimState.PIN),
        ("+CPIN: SIM PUK", SimState.PUK),
        ("+CPIN: SIM PIN2", SimState.READY),
        ("+CPIN: PH-NET PIN", SimState.LOCKED),
        ("+CPIN: NOT INSERTED", SimState.ABSENT),
        ("+CPIN: SIM REMOVED", SimState.ABSENT),
        ("+CPIN: NOT READY", SimState.BUSY),
    ],
)
def test_sim_states(line: str, state: SimState) -> None:
    assert answers.sim_state(line) is state


def test_tries_left_by_the_standard_command() -> None:
    lines = ["+CPINR: SIM PUK,10,10", "+CPINR: SIM PIN,2,3"]

    assert answers.pin_tries(lines) == 2


@pytest.mark.parametrize(("answer", "tries"), [("63C3", 3), ("63c1", 1), ("63C0", 0), ("6983", 0)])
def test_tries_left_by_asking_the_card_itself(answer: str, tries: int) -> None:
    assert answers.pin_tries_from_card(f'+CSIM: 4,"{answer}"') == tries


@pytest.mark.parametrize("answer", ["9000", "6A88", "63", ""])
def test_a_card_that_names_no_number_of_tries(answer: str) -> None:
    with pytest.raises(Garbled):
        answers.pin_tries_from_card(f'+CSIM: 4,"{answer}"')


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("+CEREG: 2,1", Registration.HOME),
        ('+CEREG: 2,5,"1A2B","01C3D4E5",7', Registration.ROAMING),
        ("+CREG: 0,3", Registration.DENIED),
        ("+CGREG: 1,2", Registration.SEARCHING),
    ],
)
def test_registration_as_asked_for(line: str, state: Registration) -> None:
    assert answers.registration(line) is state


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("+CEREG: 1", Registration.HOME),
        ('+CEREG: 5,"1A2B","01C3D4E5",7', Registration.ROAMING),
        ("+CREG: 0", Registration.IDLE),
        ('+CEREG: 3,"FFFE","FFFFFFFF",7', Registration.DENIED),
    ],
)
def test_registration_as_told(line: str, state: Registration) -> None:
    assert answers.registration_told(line) is state


@pytest.mark.parametrize("line", ["+CEREG: 2,1", "+CEREG: 11", "+CEREG: x", "+CSQ: 1"])
def test_a_late_answer_is_no_message(line: str) -> None:
    with pytest.raises(Garbled):
        answers.registration_told(line)


def test_registration_by_message_has_no_data_for_sms_only() -> None:
    assert not Registration.SMS_HOME.has_data
    assert Registration.ROAMING.has_data


@pytest.mark.parametrize(("line", "dbm"), [("0,99", -113), ("31,0", -51), ("17,99", -79), ("99,99", None)])
def test_signal_strength(line: str, dbm: int | None) -> None:
    assert answers.rssi_dbm(f"+CSQ: {line}") == dbm


@pytest.mark.parametrize("line", ["+CSQ: 32,99", "+CSQ: 100,0", "+CSQ: -1,0", "+CSQ: 17", "+CSQ: ,"])
def test_signal_strength_out_of_range(line: str) -> None:
    with pytest.raises(Garbled):
        answers.rssi_dbm(line)


@pytest.mark.parametrize(
    ("line", "signal"),
    [
        ("+CESQ: 99,99,255,255,20,50", Signal(rsrq_db=-10.0, rsrp_dbm=-91)),
        ("+CESQ: 99,99,255,255,255,255", Signal()),
        ("+CESQ: 99,99,255,255,0,97", Signal(rsrq_db=-20.0, rsrp_dbm=-44)),
    ],
)
def test_lte_signal(line: str, signal: Signal) -> None:
    assert answers.extended_signal(line) == signal


@pytest.mark.parametrize(
    ("signal", "bars"),
    [
        (Signal(), None),
        (Signal(rsrp_dbm=-120), 0),
        (Signal(rsrp_dbm=-100), 2),
        (Signal(rsrp_dbm=-80), 4),
        (Signal(rssi_dbm=-113), 0),
        (Signal(rssi_dbm=-51), 4),
    ],
)
def test_bars(signal: Signal, bars: int | None) -> None:
    assert signal.bars == bars


@pytest.mark.parametrize(
    ("line", "state"),
    [
        (
            '+CGCONTRDP: 1,5,"vpn.example","10.20.30.40.255.255.255.255","10.20.30.41","10.1.1.1","10.1.1.2"',
            BearerState(active=True, apn="vpn.example", address="10.20.30.40", dns=("10.1.1.1", "10.1.1.2")),
        ),
        (
            '+CGCONTRDP: 1,5,"vpn.example","10.20.30.40","","10.1.1.1",""',
            BearerState(active=True, apn="vpn.example", address="10.20.30.40", dns=("10.1.1.1",)),
        ),
        ('+CGCONTRDP: 1,5,"vpn.example"', BearerState(active=True, apn="vpn.example")),
        ('+CGCONTRDP: 2,5,"ims"', BearerState(active=False)),
    ],
)
def test_what_the_carrier_gave(line: str, state: BearerState) -> None:
    assert answers.bearer([line], 1) == state


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("+CGPADDR: 1,10.20.30.40", "10.20.30.40"),
        ('+CGPADDR: 1,"10.20.30.40"', "10.20.30.40"),
        ("+CGPADDR: 1,0.0.0.0", ""),
        ("+CGPADDR: 1", ""),
        ("+CGPADDR: 2,10.20.30.40", ""),
        ("+CGPADDR: 1,32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1", "2001:db8::1"),
    ],
)
def test_addresses(line: str, address: str) -> None:
    assert answers.address([line], 1) == address


@pytest.mark.parametrize("line", ["+CGPADDR: 1,10.20.30", "+CGPADDR: 1,10.20.30.256", "+CGPADDR: x"])
def test_no_address(line: str) -> None:
    with pytest.raises(Garbled):
        answers.address([line], 1)


def test_contexts() -> None:
    assert answers.contexts_active(["+CGACT: 1,1", "+CGACT: 2,0"]) == {1: True, 2: False}
    assert answers.defined_apns(['+CGDCONT: 1,"IP","vpn.example","0.0.0.0",0,0']) == {
        1: ("IP", "vpn.example")
    }


@pytest.mark.parametrize(
    ("line", "name"),
    [('+COPS: 0,0,"Chunghwa Telecom",7', "Chunghwa Telecom"), ("+COPS: 0", "")],
)
def test_name_of_the_network(line: str, name: str) -> None:
    assert answers.operator(line) == name


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("26/11/22,09:30:15+32", dt.datetime(2026, 11, 22, 1, 30, 15, tzinfo=dt.UTC)),
        ("26/11/22,01:30:15+00", dt.datetime(2026, 11, 22, 1, 30, 15, tzinfo=dt.UTC)),
        ("26/01/01,00:10:00+32", dt.datetime(2025, 12, 31, 16, 10, tzinfo=dt.UTC)),
        ("26/11/22,07:15:15+23", dt.datetime(2026, 11, 22, 1, 30, 15, tzinfo=dt.UTC)),
        ("26/11/21,21:30:15-16", dt.datetime(2026, 11, 22, 1, 30, 15, tzinfo=dt.UTC)),
    ],
)
def test_network_time_is_local_with_quarter_hours(text: str, utc: dt.datetime) -> None:
    assert network_time(f'+CCLK: "{text}"') == utc


@pytest.mark.parametrize(
    "text", ["80/01/06,00:00:25+00", "70/01/01,00:02:11+32", "04/01/01,00:00:09+32", "80/01/07,11:00:00+00"]
)
def test_a_modem_that_was_not_told_the_time(text: str) -> None:
    assert network_time(f'+CCLK: "{text}"') is None


@pytest.mark.parametrize(
    "line",
    [
        '+CCLK: "26/11/22,09:30:15"',
        '+CCLK: "26/13/22,09:30:15+32"',
        '+CCLK: "26/11/22,25:30:15+32"',
        '+CCLK: "26/11/22,09:30:15+99"',
        '+CCLK: "2026/11/22,09:30:15+32"',
        '+CCLK: ""',
        "+CCLK: 26/11/22,09:30:15+32",
    ],
)
def test_network_time_that_cannot_be_relied_on(line: str) -> None:
    with pytest.raises(Garbled):
        network_time(line)


@pytest.mark.parametrize("zone", ["+32", "-20"])
def test_quectels_network_time_is_gmt_whatever_the_zone(zone: str) -> None:
    """Quectel EC2x AT manual, AT+QLTS=1."""
    assert quectel_network_time(f'+QLTS: "2026/11/22,01:30:15{zone},0"') == dt.datetime(
        2026, 11, 22, 1, 30, 15, tzinfo=dt.UTC
    )


@pytest.mark.parametrize("text", ["", "2080/01/06,00:00:25+00,0", "2004/01/01,00:00:09+32,0"])
def test_a_quectel_that_was_not_told_the_time(text: str) -> None:
    assert quectel_network_time(f'+QLTS: "{text}"') is None


@pytest.mark.parametrize(
    "line",
    [
        '+QLTS: "26/11/22,01:30:15+32,0"',
        '+QLTS: "2026/11/22,01:30:15+32"',
        '+QLTS: "2026/13/22,01:30:15+32,0"',
        '+QLTS: "2026/11/22,01:30:15+32,0",1',
        '+CCLK: "26/11/22,09:30:15+32"',
    ],
)
def test_quectels_network_time_that_cannot_be_relied_on(line: str) -> None:
    with pytest.raises(Garbled):
        quectel_network_time(line)


def test_position_of_simcom() -> None:
    fix = simcom_position("+CGPSINFO: 2501.985400,N,12133.912000,E,221126,013015.0,31.5,0.0,")

    assert fix is not None
    assert fix.latitude_deg == pytest.approx(25.03309, abs=1e-5)
    assert fix.longitude_deg == pytest.approx(121.5652, abs=1e-5)
    assert fix.at == dt.datetime(2026, 11, 22, 1, 30, 15, tzinfo=dt.UTC)
    assert (fix.altitude_m, fix.accuracy_m) == (31.5, None)


def test_no_position_of_simcom() -> None:
    assert simcom_position("+CGPSINFO: ,,,,,,,,") is None


def test_position_of_quectel() -> None:
    fix = quectel_position("+QGPSLOC: 013015.0,25.03309,121.56520,1.2,31.5,3,0.00,0.0,0.0,221126,08")

    assert (fix.latitude_deg, fix.longitude_deg) == (25.03309, 121.5652)
    assert (fix.accuracy_m, fix.satellites) == (6.0, 8)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        *((n, CmeClass.PERMANENT) for n in (10, 11, 12, 15, 16, 103, 106, 107, 127, 129, 132, 133, 149, 177)),
        *((n, CmeClass.TRANSIENT) for n in (14, 30, 31, 100, 117, 122, 126, 131, 134, 148, 190)),
        (13, CmeClass.UNSURE),
        (None, CmeClass.UNSURE),
    ],
)
def test_whether_trying_again_can_help(number: int | None, kind: CmeClass) -> None:
    assert class_of(number) is kind


def test_names_and_numbers_of_errors() -> None:
    assert number_of("PDP authentication failure") == 149
    assert name_of(149) == "pdp authentication failure"
    assert name_of(None) == "unknown error"
    assert number_of("last PDN disconnection not allowed") == 151


PARSERS: list[Callable[[str], object]] = [
    answers.sim_state,
    answers.pin_tries_from_card,
    answers.registration,
    answers.registration_told,
    answers.rssi_dbm,
    answers.extended_signal,
    answers.operator,
    network_time,
    quectel_network_time,
    simcom_position,
    quectel_position,
    lambda line: answers.pin_tries([line]),
    lambda line: answers.contexts_active([line]),
    lambda line: answers.defined_apns([line]),
    lambda line: answers.address([line], 1),
    lambda line: answers.bearer([line], 1),
]
PREFIXES = [
    "CPIN",
    "CPINR",
    "CSIM",
    "CEREG",
    "CSQ",
    "CESQ",
    "COPS",
    "CCLK",
    "QLTS",
    "CGPSINFO",
    "QGPSLOC",
    "CGACT",
]


@given(
    line=st.one_of(
        st.text(max_size=60),
        st.builds(
            "+{}: {}".format,
            st.sampled_from([*PREFIXES, "CGDCONT", "CGPADDR", "CGCONTRDP"]),
            st.text(alphabet='0123456789,."+-/:NESW ABCF', max_size=70),
        ),
    )
)
def test_a_parser_gives_a_value_or_says_garbled(line: str) -> None:
    for parse in PARSERS:
        try:
            parse(line)
        except Garbled:
            continue
