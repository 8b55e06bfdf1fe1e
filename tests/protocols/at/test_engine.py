"""The AT conversation: echoes, noise, messages in between, prompts, silence (ITU-T V.250, TS 27.007)."""

from __future__ import annotations

import pytest

from visitbridge.protocols.at.commands import Command, Final, Reply, Urc, order, query
from visitbridge.protocols.at.engine import LINE_LIMIT_BYTES, PREAMBLE, AtEngine

CSQ = query("+CSQ")
CEREG = query("+CEREG")
ATTACH = order("AT+CGATT=1", deadline_s=30.0)
IDENTIFY = Command(text="AT+CGMM", lines="bare")
CONTEXTS = Command(text="AT+CGACT?", prefix="+CGACT:", lines="many")
MESSAGE = Command(text='AT+CMGS="1"', prefix="+CMGS:", lines="one", payload=b"hello", deadline_s=60.0)
DIAL = Command(text="ATD*99#", dials=True)


@pytest.fixture
def engine() -> AtEngine:
    """One that has found its bearings."""
    fresh = AtEngine()
    fresh.start_probe(0.0)
    (reply,) = fresh.receive(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    assert isinstance(reply, Reply)
    return fresh


def only(events: list[Reply | Urc]) -> Reply:
    """The one reply among the events."""
    (reply,) = [event for event in events if isinstance(event, Reply)]
    return reply


def told(events: list[Reply | Urc]) -> list[str]:
    return [event.line for event in events if isinstance(event, Urc)]


def test_a_command_is_one_line_with_a_carriage_return(engine: AtEngine) -> None:
    assert engine.start(CSQ, 10.0) == b"AT+CSQ?\r"
    assert engine.deadline_s == 15.0


@pytest.mark.parametrize(
    "stream",
    [
        b"\r\n+CSQ: 21,99\r\n\r\nOK\r\n",
        b"AT+CSQ?\r\r\n+CSQ: 21,99\r\n\r\nOK\r\n",
        b"AT+CSQ?\r+CSQ: 21,99\rOK\r",
        b"\n+CSQ: 21,99\nOK\n",
        b"\x00\x00\r\n+CSQ: 21,99\r\n\x00\r\nOK\r\n",
        b"\r\n+CSQ: 21,99  \r\n\r\n OK\r\n",
    ],
    ids=["plain", "echo", "carriage returns only", "line feeds only", "nulls", "blanks"],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_an_answer_in_any_framing_and_any_pieces(engine: AtEngine, stream: bytes, size: int) -> None:
    engine.start(CSQ, 0.0)
    events: list[Reply | Urc] = []
    for at in range(0, len(stream), size):
        events += engine.receive(stream[at : at + size])

    assert events == [Reply(command=CSQ, final=Final.OK, lines=("+CSQ: 21,99",))]
    assert engine.in_flight is None


@pytest.mark.parametrize(
    ("line", "final", "code", "text"),
    [
        (b"ERROR", Final.ERROR, None, ""),
        (b"+CME ERROR: 14", Final.CME, 14, "14"),
        (b"+CME ERROR: SIM busy", Final.CME, 14, "SIM busy"),
        (b"+CME ERROR:  sim  PUK required", Final.CME, 12, "sim  PUK required"),
        (b"+CME ERROR: something new", Final.CME, None, "something new"),
        (b"+CMS ERROR: 500", Final.CMS, 500, "500"),
    ],
)
def test_errors_by_number_and_by_words(
    engine: AtEngine, line: bytes, final: Final, code: int | None, text: str
) -> None:
    engine.start(CSQ, 0.0)

    reply = only(engine.receive(b"\r\n" + line + b"\r\n"))

    assert (reply.final, reply.code, reply.text, reply.ok) == (final, code, text, False)


@pytest.mark.parametrize(
    ("stream", "final", "text"),
    [
        (b"\r\nCONNECT\r\n", Final.CONNECT, ""),
        (b"\r\nCONNECT 150000000\r\n", Final.CONNECT, "150000000"),
        (b"\r\nNO CARRIER\r\n", Final.NO_CARRIER, ""),
        (b"\r\nBUSY\r\n", Final.BUSY, ""),
        (b"\r\nNO ANSWER\r\n", Final.NO_ANSWER, ""),
        (b"\r\nNO DIALTONE\r\n", Final.NO_DIALTONE, ""),
    ],
)
def test_a_call_ends_with_results_of_its_own(
    engine: AtEngine, stream: bytes, final: Final, text: str
) -> None:
    engine.start(DIAL, 0.0)

    reply = only(engine.receive(stream))

    assert (reply.final, reply.text) == (final, text)


def test_the_end_of_a_call_is_news_to_every_other_command(engine: AtEngine) -> None:
    engine.start(ATTACH, 0.0)

    assert told(engine.receive(b"\r\nNO CARRIER\r\n")) == ["NO CARRIER"]
    assert engine.in_flight is ATTACH


def test_messages_between_an_answer_and_its_result_are_told_apart(engine: AtEngine) -> None:
    engine.start(CEREG, 0.0)

    events = engine.receive(
        b'\r\n+CEREG: 1,"1A2B","01C3D4E5",7\r\n'
        b'\r\n+CEREG: 2,5,"1A2B","01C3D4E5",7\r\n'
        b"\r\n+CEREG: 0\r\nSMS DONE\r\n^MODE: 17\r\n\r\nOK\r\n"
    )

    assert only(events).lines == ('+CEREG: 2,5,"1A2B","01C3D4E5",7',)
    assert told(events) == ['+CEREG: 1,"1A2B","01C3D4E5",7', "+CEREG: 0", "SMS DONE", "^MODE: 17"]


def test_bare_answers_leave_messages_out(engine: AtEngine) -> None:
    engine.start(IDENTIFY, 0.0)

    events = engine.receive(b"AT+CGMM\r\r\n+CPIN: READY\r\nSIMCOM_SIM7600G-H\r\nPB DONE\r\n\r\nOK\r\n")

    assert only(events).lines == ("SIMCOM_SIM7600G-H",)
    assert told(events) == ["+CPIN: READY", "PB DONE"]


def test_many_lines_are_one_answer(engine: AtEngine) -> None:
    engine.start(CONTEXTS, 0.0)

    assert only(engine.receive(b"\r\n+CGACT: 1,1\r\n+CGACT: 2,0\r\n\r\nOK\r\n")).lines == (
        "+CGACT: 1,1",
        "+CGACT: 2,0",
    )


def test_a_prompt_is_answered_once(engine: AtEngine) -> None:
    engine.start(MESSAGE, 0.0)

    assert engine.receive(b"\r\n> ") == []
    assert engine.outgoing() == b"hello\x1a"
    assert engine.receive(b"\r\n> ") == []
    assert engine.outgoing() == b""
    assert only(engine.receive(b"\r\n+CMGS: 5\r\n\r\nOK\r\n")).ok


def test_a_prompt_nobody_asked_for_is_left_alone(engine: AtEngine) -> None:
    engine.start(CSQ, 0.0)
    engine.receive(b"\r\n> ")

    assert engine.outgoing() == b""


def test_an_overlong_line_is_noise_and_the_next_one_is_read(engine: AtEngine) -> None:
    engine.start(CSQ, 0.0)
    for _ in range(5):
        engine.receive(b"x" * LINE_LIMIT_BYTES)

    reply = only(engine.receive(b"xxx\r\n+CSQ: 3,0\r\n\r\nOK\r\n"))

    assert reply.lines == ("+CSQ: 3,0",)


def test_a_line_begun_before_the_command_is_not_its_answer(engine: AtEngine) -> None:
    engine.receive(b"\r\n+CSQ: 1,99")
    engine.start(CSQ, 0.0)

    assert told(engine.receive(b"\r\n")) == ["+CSQ: 1,99"]
    assert only(engine.receive(b"\r\n+CSQ: 30,99\r\n\r\nOK\r\n")).lines == ("+CSQ: 30,99",)


def test_a_result_nobody_waits_for_is_counted(engine: AtEngine) -> None:
    assert engine.receive(b"\r\nOK\r\n\r\nsh: not found\r\n") == []
    assert engine.strays == 2


@pytest.mark.parametrize("stream", [b"", b"\r\n+CSQ: 21,99\r\n", b"\r\n+CSQ: 21,99\r\n\r\nO"])
def test_silence_ends_a_command_at_its_deadline(engine: AtEngine, stream: bytes) -> None:
    engine.start(CSQ, 0.0)
    engine.receive(stream)

    assert engine.expire(4.9) is None
    reply = engine.expire(5.0)

    assert reply is not None
    assert reply.final is Final.SILENCE
    assert engine.astray


def test_one_command_at_a_time(engine: AtEngine) -> None:
    engine.start(CSQ, 0.0)

    with pytest.raises(RuntimeError, match="in flight"):
        engine.start(ATTACH, 0.0)


@pytest.mark.parametrize("text", ["AT+CSQ\rAT", "AT+CGDCONT=1,\n", "AT+CSQ\x1a", "AT+訊號"])
def test_no_second_line_is_smuggled_into_a_command(engine: AtEngine, text: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        engine.start(order(text), 0.0)


def test_a_fresh_port_is_astray_until_a_probe_is_answered() -> None:
    engine = AtEngine()
    with pytest.raises(RuntimeError, match="astray"):
        engine.start(CSQ, 0.0)

    assert engine.start(PREAMBLE, 0.0) == b"ATE0V1\r"
    assert only(engine.receive(b"ATE0V1\r\r\nOK\r\n")).ok
    assert engine.astray
    assert engine.start_probe(1.0) == b"AT+CMEE?\r"
    assert only(engine.receive(b"\r\n+CMEE: 0\r\n\r\nOK\r\n")).ok
    assert not engine.astray


def test_a_late_answer_is_not_taken_for_the_next_one(engine: AtEngine) -> None:
    engine.start(ATTACH, 0.0)
    engine.expire(30.0)
    engine.start_probe(30.0)

    assert engine.receive(b"\r\nOK\r\n") == []
    assert engine.receive(b"\r\nERROR\r\n") == []
    assert engine.astray
    assert only(engine.receive(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")).ok
    assert not engine.astray


def test_a_probe_asks_what_the_late_answer_cannot_be_about(engine: AtEngine) -> None:
    engine.start(query("+CMEE"), 0.0)
    engine.expire(5.0)

    assert engine.start_probe(5.0) == b"AT+CFUN?\r"


def test_each_probe_is_used_once_and_then_the_port_is_lost(engine: AtEngine) -> None:
    engine.start(ATTACH, 0.0)
    engine.expire(30.0)
    sent = []
    while not engine.lost:
        sent.append(engine.start_probe(0.0))
        engine.expire(100.0)

    assert len(sent) == len(set(sent)) == 4
    with pytest.raises(RuntimeError, match="no probe"):
        engine.start_probe(0.0)


def test_an_ok_without_the_promised_line_belongs_to_something_else(engine: AtEngine) -> None:
    engine.start(CSQ, 0.0)

    reply = only(engine.receive(b"\r\nOK\r\n"))

    assert not reply.ok
    assert engine.astray


def test_secrets_do_not_show() -> None:
    command = order('AT+CPIN="1234"', secret=True)

    assert "1234" not in repr(command) + command.label
    assert command.label == "AT+CPIN=…"
