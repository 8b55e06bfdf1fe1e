"""What is sent to a modem, what comes back, and how to tell an answer from something unasked for."""

from __future__ import annotations

import enum
import re
from typing import Literal

import msgspec

Lines = Literal["none", "one", "many", "bare"]


class Final(enum.StrEnum):
    """How a command ended. ``SILENCE``: no final result within the deadline; the modem may still act on it."""

    OK = "OK"
    ERROR = "ERROR"
    CME = "+CME ERROR"
    CMS = "+CMS ERROR"
    CONNECT = "CONNECT"
    NO_CARRIER = "NO CARRIER"
    BUSY = "BUSY"
    NO_ANSWER = "NO ANSWER"
    NO_DIALTONE = "NO DIALTONE"
    SILENCE = "silence"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One command line, without the carriage return.

    ``lines`` says what the answer holds before its final result: nothing, one or many lines that begin with
    ``prefix``, or bare text (identification, TS 27.007 §5). ``payload`` is sent at the prompt ``>``. ``dials``:
    CONNECT, NO CARRIER and their like end this command; otherwise they are not about it. ``secret``: the text
    holds a PIN or password and must not be shown.
    """

    text: str
    prefix: str = ""
    lines: Lines = "none"
    deadline_s: float = 5.0
    payload: bytes = b""
    dials: bool = False
    secret: bool = False

    @property
    def label(self) -> str:
        """The text as it may stand in a log."""
        return self.text.partition("=")[0] + "=…" if self.secret else self.text

    def __repr__(self) -> str:
        return f"Command({self.label!r})"


def query(name: str, *, deadline_s: float = 5.0) -> Command:
    """``AT+NAME?`` with one answer line ``+NAME: …``."""
    return Command(text=f"AT{name}?", prefix=f"{name}:", lines="one", deadline_s=deadline_s)


def order(text: str, *, deadline_s: float = 5.0, secret: bool = False) -> Command:
    """A command that answers with its final result alone."""
    return Command(text=text, deadline_s=deadline_s, secret=secret)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """``code`` and ``text`` come with +CME and +CMS errors; ``text`` also with CONNECT.

    ``complete`` is False when an answer line was promised and none came before OK.
    """

    command: Command
    final: Final
    lines: tuple[str, ...] = ()
    code: int | None = None
    text: str = ""
    complete: bool = True

    @property
    def ok(self) -> bool:
        return self.final is Final.OK and self.complete


class Urc(msgspec.Struct, frozen=True):
    """An unsolicited result code: something the modem says by itself."""

    line: str


_DIAL_FINALS = {str(f): f for f in (Final.NO_CARRIER, Final.BUSY, Final.NO_ANSWER, Final.NO_DIALTONE)}

URC_WORDS = frozenset(
    {
        "RDY",
        "START",
        "SMS DONE",
        "SMS READY",
        "PB DONE",
        "CALL READY",
        "POWERED DOWN",
        "NORMAL POWER DOWN",
        "OPL UPDATING",
        "PNN UPDATING",
        "RING",
        *_DIAL_FINALS,
    }
)
"""What modems of the supported families say without a ``+``: start-up, power-down, calls."""

URC_MARKS = ("+", "^", "*", "$", "%")

_ECHO = re.compile(r"[Aa][Tt]([-+^*$%&#!\\A-Za-z]|$)")
_REGISTRATION = re.compile(r"\+C(?:|G|E|5G)REG: *\d+ *, *\d")


def read_final(line: str, command: Command) -> tuple[Final, str] | None:
    """The final result that ``line`` is for ``command``, with its text; None when it is none."""
    if line in ("OK", "ERROR"):
        return Final(line), ""
    if line.startswith("+CM"):
        for error in (Final.CME, Final.CMS):
            if line.startswith(f"{error}:"):
                return error, line[len(error) + 1 :].strip()
    if command.dials:
        if line in _DIAL_FINALS:
            return _DIAL_FINALS[line], ""
        if line == "CONNECT" or line.startswith("CONNECT "):
            return Final.CONNECT, line[8:]
    return None


def is_echo(line: str) -> bool:
    """Whether the line is a command of ours coming back (ATE1)."""
    return _ECHO.match(line) is not None


def answers(line: str, command: Command) -> bool:
    """Whether ``line`` is an answer line of ``command`` rather than something unasked for.

    A registration query repeats its mode before the state; the same message sent unasked has one field less
    (TS 27.007 §10.1.22), which is the only difference between them.
    """
    if command.lines == "none":
        return False
    if command.lines == "bare":
        return line.upper() not in URC_WORDS and not line.startswith(URC_MARKS)
    if not line.startswith(command.prefix):
        return False
    if command.prefix.endswith("REG:"):
        return _REGISTRATION.match(line) is not None
    return True


def is_urc(line: str) -> bool:
    return line.startswith(URC_MARKS) or line.upper() in URC_WORDS
