"""AT commands as they are typed, with everything said on the line written down."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Final, Protocol, TextIO

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.at.commands import Command, Reply
from visitbridge.protocols.at.commands import Final as Result

_USES_UP_TRIES: Final = re.compile(
    r"[+^*$](CPIN2?|CPWD|CLCK|EPIN)=(?!\?)|[+^*$]CSIM=\d+,\"?..(20|24|26|28|2C)....(?!00\")"
)
"""Commands that try a PIN, change it, or send the card's own VERIFY, CHANGE, DISABLE, ENABLE or UNBLOCK with data."""

_HOLDS_PASSWORD: Final = re.compile(r"[+^*$](CGAUTH|QICSGP|QCPDPP|CUSBPPP|EMDPPP)=")


class Line(Protocol):
    async def run(self, command: Command) -> Reply: ...


class Transcript:
    """Every line with its UTC time: ``>`` sent, ``<`` answered, ``!`` said by the modem itself.

    ``show`` gets what a person at the terminal has not typed; ``file`` gets everything.
    """

    def __init__(self, show: Callable[[str], None], file: TextIO | None = None) -> None:
        self._show = show
        self._file = file

    def sent(self, label: str) -> None:
        self._write(">", label)

    def answered(self, line: str) -> None:
        self._show(line)
        self._write("<", line)

    def told(self, line: str) -> None:
        self._show(f"! {line}")
        self._write("!", line)

    def _write(self, mark: str, line: str) -> None:
        if self._file is not None:
            self._file.write(f"{dt.datetime.now(dt.UTC).isoformat(timespec='milliseconds')} {mark} {line}\n")
            self._file.flush()


def command_of(text: str, deadline_s: float) -> Command:
    """One line as it is sent. Raises FieldInvalid (``command``) for one that may cost the SIM a try, or that is no line.

    A line with a password in it is marked as secret, so that no transcript holds it.
    """
    text = text.strip()
    squeezed = re.sub(r"\s", "", text).upper()
    if _USES_UP_TRIES.search(squeezed):
        raise FieldInvalid("this may use up the SIM's tries; use: vb-modem enter-pin", field="command")
    if not squeezed.startswith("AT") or not (text.isascii() and text.isprintable()):
        raise FieldInvalid("a command is one line of ASCII that begins with AT", field="command")
    secret = _HOLDS_PASSWORD.search(squeezed) is not None
    return Command(text=text, lines="many", deadline_s=deadline_s, secret=secret)


async def say_on(line: Line, command: Command, transcript: Transcript) -> bool:
    """Whether the modem accepted the command. Raises ModemAbsent, ModemSilent."""
    transcript.sent(command.label)
    reply = await line.run(command)
    for answer in reply.lines:
        transcript.answered(answer)
    transcript.answered(f"{reply.final}: {reply.text}" if reply.text else str(reply.final))
    return reply.final is Result.OK
