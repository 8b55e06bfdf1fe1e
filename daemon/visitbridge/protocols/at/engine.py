"""The AT conversation as a state machine: bytes in, events out; the caller owns the port and the clock.

One command is in flight at a time. An answer carries no name of its question, so after a silence (or on a
port just opened) a late ``OK`` could pass for the answer to something else. The engine is then *astray*: it
takes probes only, each asking something that was not asked since, and trusts the conversation again once a
probe's own answer has come. Modems answer in order, so everything late has come before it.
"""

from __future__ import annotations

import re

from visitbridge.protocols.at.cme import number_of
from visitbridge.protocols.at.commands import (
    Command,
    Final,
    Reply,
    Urc,
    answers,
    is_echo,
    is_urc,
    query,
    read_final,
)

LINE_LIMIT_BYTES = 2048
"""Longer lines are noise: no answer of the commands in use comes near."""

ANSWER_LIMIT_LINES = 64

PREAMBLE = Command(text="ATE0V1", deadline_s=1.0)
"""Echo off, results as words. Its answer proves nothing: the modem may still be busy with an earlier life."""

_PROBES = tuple(query(name, deadline_s=2.0) for name in ("+CMEE", "+CFUN", "+CSCS", "+CCLK"))
_BREAKS = re.compile(rb"[\r\n]+")
_NOISE = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PROMPT = re.compile(rb"\A[\r\n]*> ?\Z")
_END_OF_PAYLOAD = b"\x1a"


class AtEngine:
    """Not thread-safe. ``now_s`` is any monotonic time in seconds."""

    def __init__(self) -> None:
        self._buffer = b""
        self._skipping = False
        self._began_before = False
        self._command: Command | None = None
        self._deadline_s = 0.0
        self._lines: list[str] = []
        self._payload_due = False
        self._outgoing = b""
        self._probe: Command | None = None
        self._unused = list(_PROBES)
        self._astray = True
        self.strays = 0

    @property
    def in_flight(self) -> Command | None:
        return self._command

    @property
    def astray(self) -> bool:
        """Whether only :meth:`start_probe` and the preamble are allowed."""
        return self._astray

    @property
    def lost(self) -> bool:
        """Astray, and every probe has been tried: only opening the port anew helps."""
        return self._astray and not self._unused and self._command is None

    @property
    def deadline_s(self) -> float | None:
        """When :meth:`expire` has to be called, None while nothing is in flight."""
        return None if self._command is None else self._deadline_s

    def start(self, command: Command, now_s: float) -> bytes:
        """Bytes to send for ``command``.

        Raises ValueError for text with a line break or beyond ASCII, RuntimeError while another command is in
        flight or the engine is astray.
        """
        if not command.text.isascii() or not command.text.isprintable():
            raise ValueError(f"not one line of printable ASCII: {command.label!r}")
        if self._astray and command is not PREAMBLE:
            raise RuntimeError(f"{command.label} while astray")
        return self._send(command, now_s)

    def start_probe(self, now_s: float) -> bytes:
        """Bytes of the next probe. Raises RuntimeError when all were used (:attr:`lost`)."""
        if not self._unused:
            raise RuntimeError("no probe left")
        probe = self._unused.pop(0)
        data = self._send(probe, now_s)
        self._probe = probe
        return data

    def receive(self, data: bytes) -> list[Reply | Urc]:
        """Take bytes from the modem; what they complete, in order."""
        parts = _BREAKS.split(self._buffer + data)
        self._buffer = parts.pop()
        events: list[Reply | Urc] = []
        for part in parts:
            if self._skipping:
                self._skipping = False
                self.strays += 1
            elif part and len(part) <= LINE_LIMIT_BYTES:
                command = None if self._began_before else self._command
                self._take(_NOISE.sub(b"", part).strip(b" "), command, events)
            self._began_before = False
        if len(self._buffer) > LINE_LIMIT_BYTES:
            self._buffer = b""
            self._skipping = True
        if self._payload_due and _PROMPT.match(self._buffer):
            self._buffer = b""
            self._answer_prompt()
        return events

    def outgoing(self) -> bytes:
        """Bytes that became due by what was received: a payload after its prompt. Handed out once."""
        data, self._outgoing = self._outgoing, b""
        return data

    def expire(self, now_s: float) -> Reply | None:
        """End the command in flight as SILENCE when its deadline has passed."""
        if self._command is None or now_s < self._deadline_s:
            return None
        return self.abandon()

    def abandon(self) -> Reply | None:
        """Stop waiting for the command in flight; the engine is astray from here on."""
        if self._command is None:
            return None
        command = self._command
        if not self._astray:
            self._unused = [probe for probe in _PROBES if probe.prefix != command.prefix]
            self._astray = True
        return self._finish(Reply(command=command, final=Final.SILENCE, lines=tuple(self._lines)))

    def _send(self, command: Command, now_s: float) -> bytes:
        if self._command is not None:
            raise RuntimeError(f"{command.label} while {self._command.label} is in flight")
        self._command = command
        self._deadline_s = now_s + command.deadline_s
        self._lines = []
        # A line whose beginning was here before the command was sent cannot be its answer.
        self._began_before = bool(self._buffer)
        self._payload_due = bool(command.payload)
        self._outgoing = b""
        self._probe = None
        return command.text.encode("ascii") + b"\r"

    def _take(self, raw: bytes, command: Command | None, events: list[Reply | Urc]) -> None:
        if not raw:
            return
        line = raw.decode("ascii", "replace")
        if command is not None:
            final = read_final(line, command)
            if final is not None:
                self._end(command, *final, events)
                return
            if self._belongs(line, command):
                self._lines.append(line)
                return
        if is_echo(line):
            return
        if is_urc(line):
            events.append(Urc(line))
        else:
            self.strays += 1

    def _belongs(self, line: str, command: Command) -> bool:
        limit = 1 if command.lines == "one" else ANSWER_LIMIT_LINES
        return len(self._lines) < limit and answers(line, command) and not is_echo(line)

    def _end(self, command: Command, final: Final, text: str, events: list[Reply | Urc]) -> None:
        if command is self._probe and not (final is Final.OK and self._lines):
            self.strays += 1
            return
        if command is self._probe:
            self._astray = False
            self._unused = list(_PROBES)
        complete = final is not Final.OK or command.lines != "one" or bool(self._lines)
        if not complete:
            # An OK without the line it promised belongs to something else.
            self._unused = [probe for probe in _PROBES if probe.prefix != command.prefix]
            self._astray = True
        code = number_of(text) if final is Final.CME else _digits(text) if final is Final.CMS else None
        events.append(
            self._finish(
                Reply(
                    command=command,
                    final=final,
                    lines=tuple(self._lines),
                    code=code,
                    text=text,
                    complete=complete,
                )
            )
        )

    def _finish(self, reply: Reply) -> Reply:
        self._command = None
        self._probe = None
        self._payload_due = False
        self._lines = []
        return reply

    def _answer_prompt(self) -> None:
        if self._command is not None:
            self._outgoing = self._command.payload + _END_OF_PAYLOAD
            self._payload_due = False


def _digits(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else None
