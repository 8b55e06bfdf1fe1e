"""Recorded-looking AT transcripts, and ways to damage them; seeded, so a failure can be repeated."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec

from visitbridge.domain.modem import Registration, SimState
from visitbridge.protocols.at import answers
from visitbridge.protocols.at.commands import Command, Final, Reply, Urc, order, query
from visitbridge.protocols.at.engine import AtEngine
from visitbridge.protocols.at.fields import Garbled
from visitbridge.protocols.at.network_time import network_time


class Transcript(msgspec.Struct, frozen=True):
    """A command, the lines that answer it, and what they mean."""

    command: Command
    lines: tuple[bytes, ...]
    final: Final
    meaning: object
    read: Callable[[Reply], object]


def _line(parse: Callable[[str], object]) -> Callable[[Reply], object]:
    return lambda reply: parse(reply.lines[0])


TRANSCRIPTS = (
    Transcript(query("+CSQ"), (b"+CSQ: 21,99", b"OK"), Final.OK, -71, _line(answers.rssi_dbm)),
    Transcript(query("+CPIN"), (b"+CPIN: SIM PIN", b"OK"), Final.OK, SimState.PIN, _line(answers.sim_state)),
    Transcript(query("+CPIN"), (b"+CME ERROR: 10",), Final.CME, 10, lambda reply: reply.code),
    Transcript(query("+CPIN"), (b"+CME ERROR: SIM busy",), Final.CME, 14, lambda reply: reply.code),
    Transcript(
        query("+CEREG"),
        (b'+CEREG: 2,1,"1A2B","01C3D4E5",7', b"OK"),
        Final.OK,
        Registration.HOME,
        _line(answers.registration),
    ),
    Transcript(order("AT+CGATT=1"), (b"OK",), Final.OK, (), lambda reply: reply.lines),
    Transcript(order("AT+CGACT=1,1"), (b"ERROR",), Final.ERROR, None, lambda reply: reply.code),
    Transcript(
        Command(text="AT+CGPADDR=1", prefix="+CGPADDR:", lines="many"),
        (b"+CGPADDR: 1,10.20.30.40", b"OK"),
        Final.OK,
        "10.20.30.40",
        lambda reply: answers.address(reply.lines, 1),
    ),
    Transcript(
        query("+CCLK"),
        (b'+CCLK: "80/01/06,00:00:25+00"', b"OK"),
        Final.OK,
        None,
        _line(network_time),
    ),
    Transcript(
        Command(text="AT+CGMM", lines="bare"),
        (b"EG25", b"OK"),
        Final.OK,
        ("EG25",),
        lambda reply: reply.lines,
    ),
)

MESSAGES = (
    b'+CEREG: 5,"1A2B","01C3D4E5",7',
    b"+CEREG: 0",
    b"+CPIN: READY",
    b"+CGEV: NW DETACH",
    b"+CTZV: +32,0",
    b"^MODE: 17",
    b"SMS DONE",
    b"RDY",
    b"NO CARRIER",
)
_UNRELATED = (b"+CGEV: NW DETACH", b"+CTZV: +32,0", b"^MODE: 17", b"SMS DONE", b"RDY", b"RING")


def harmless(transcript: Transcript, chance: random.Random) -> bytes:
    """The transcript as a modem may well send it: echo, messages in between, odd line ends, noise of a UART."""
    out: list[bytes] = []
    if chance.random() < 0.5:
        out.append(transcript.command.text.encode() + b"\r")
    for line in transcript.lines:
        while chance.random() < 0.3:
            unrelated = transcript.command.prefix.startswith("+CEREG")
            said = chance.choice(MESSAGES[:2] if unrelated else _UNRELATED)
            out.append(b"\r\n" + said + b"\r\n")
        out.append(chance.choice((b"\r\n", b"\r", b"\n", b"\r\n\x00", b"\r\n\r\n")))
        out.append(line + chance.choice((b"\r\n", b"\r", b"\n", b" \r\n")))
    return b"".join(out)


def damaged(transcript: Transcript, chance: random.Random) -> bytes:
    """The transcript with one to four injuries of any kind."""
    data = bytearray(harmless(transcript, chance))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(7):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at : at + chance.randint(1, 12)]
            case 2:
                data[at:at] = chance.randbytes(chance.randint(1, 12))
            case 3:
                data[at:at] = b"\r\n" + chance.choice(MESSAGES) + b"\r\n"
            case 4:
                data[at:at] = data[: chance.randrange(len(data) + 1)]
            case 5:
                del data[at:]
            case _:
                data[at:at] = chance.choice((b"OK", b"\r\nOK\r\n", b"> ", b"ERROR\r", b"\x00", b"AT"))
    return bytes(data)


def pieces(data: bytes, chance: random.Random) -> list[bytes]:
    if chance.random() < 0.5:
        return [data]
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randint(1, 4)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def found_bearings() -> AtEngine:
    engine = AtEngine()
    engine.start_probe(0.0)
    engine.receive(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    return engine


def play_harmless(seed: int) -> None:
    """One transcript that must be understood exactly."""
    chance = random.Random(seed)
    transcript = TRANSCRIPTS[chance.randrange(len(TRANSCRIPTS))]
    engine = found_bearings()
    engine.start(transcript.command, 0.0)
    replies = [
        event
        for piece in pieces(harmless(transcript, chance), chance)
        for event in engine.receive(piece)
        if isinstance(event, Reply)
    ]
    assert [reply.final for reply in replies] == [transcript.final], seed
    assert transcript.read(replies[0]) == transcript.meaning, seed


def play_damaged(seed: int) -> None:
    """One injured transcript: it ends, tells one result at most, and leaves nothing behind that could be
    taken for the answer to the next command.
    """
    chance = random.Random(seed)
    transcript = TRANSCRIPTS[chance.randrange(len(TRANSCRIPTS))]
    engine = found_bearings()
    engine.start(transcript.command, 0.0)
    events: list[Reply | Urc] = []
    for piece in pieces(damaged(transcript, chance), chance):
        events += engine.receive(piece)
        assert engine.outgoing() == b"", seed
    late = engine.expire(5.0)
    replies = [event for event in events if isinstance(event, Reply)] + ([late] if late else [])
    assert len(replies) == 1, seed
    _read_or_refuse(transcript, replies[0])
    _next_exchange_is_right(engine, seed)


def _read_or_refuse(transcript: Transcript, reply: Reply) -> None:
    if not reply.ok:
        return
    try:
        transcript.read(reply)
    except (Garbled, IndexError):
        return


def _next_exchange_is_right(engine: AtEngine, seed: int) -> None:
    """After whatever happened, a sound modem is understood again, the half line in the buffer included."""
    while engine.astray:
        probe = engine.start_probe(10.0).removeprefix(b"AT").removesuffix(b"?\r")
        engine.receive(b"\r\n" + probe + b": 1\r\n\r\nOK\r\n")
    engine.start(TRANSCRIPTS[0].command, 20.0)
    replies = [
        event for event in engine.receive(b"\r\n+CSQ: 17,99\r\n\r\nOK\r\n") if isinstance(event, Reply)
    ]
    assert [reply.lines for reply in replies] == [("+CSQ: 17,99",)], seed
