"""Battery of a PiSugar board, as its pisugar-server tells of it; voltage stays the kernel's word."""

from __future__ import annotations

import asyncio
import logging
import math
import re
from typing import Final

import msgspec

from visitbridge.services.power import PowerFound, PowerProbe

log = logging.getLogger(__name__)

_HOST: Final = "127.0.0.1"
_LONGEST_LINE: Final = 256
_TAPS: Final = frozenset({"single", "double", "long"})
_CHARGE: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,20})?")
_FLAGS: Final = {"true": True, "false": False}


class _NotTold(ValueError):
    """The server answered something else than what it was asked."""


class PiSugarPower:
    """Implements ``services.power.PowerProbe``. ``board``: asked for all but the battery. ``answer_within_s``: for one
    look, with everything it asks.

    The server takes lines of text on loopback and answers ``name: value`` (PiSugar/pisugar-power-manager-rs, README and
    pisugar-server/src/cmds.rs); whoever presses the board's button puts a line of its own between. One connection is
    kept, because servers up to 2026 never let go of one that was closed, and may spin on it (PiSugar/PiSugar issues
    178 and 188). Nothing is raised: a server that is away, silent or not understood is a battery that nobody knows.
    """

    def __init__(self, board: PowerProbe, *, port: int, answer_within_s: float = 5.0) -> None:
        self._board = board
        self._port = port
        self._answer_within_s = answer_within_s
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._silent = False

    async def read(self) -> PowerFound:
        found = await self._board.read()
        try:
            async with asyncio.timeout(self._answer_within_s):
                percent, discharging = await self._battery()
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError) as exc:
            self._hang_up()
            self._note(type(exc).__name__)
            return msgspec.structs.replace(found, battery_percent=None, discharging=None, battery_silent=True)
        self._note("")
        return msgspec.structs.replace(
            found, battery_percent=percent, discharging=discharging, battery_silent=False
        )

    def close(self) -> None:
        self._hang_up()
        self._board.close()

    async def _battery(self) -> tuple[int, bool | None]:
        is_kept = self._line is not None
        try:
            return _percent(await self._ask("battery")), await self._discharging()
        except (EOFError, ConnectionError):
            if not is_kept:
                raise
        # The server was started anew since the last look.
        self._hang_up()
        return _percent(await self._ask("battery")), await self._discharging()

    async def _discharging(self) -> bool | None:
        """Neither plugged in nor charging; None unless the board tells both, as not every model can."""
        try:
            plugged = _FLAGS.get(await self._ask("battery_power_plugged"))
            charging = _FLAGS.get(await self._ask("battery_charging"))
        except _NotTold:
            # A refusal may have more lines, which must not be taken for the next answer.
            self._hang_up()
            return None
        if plugged or charging:
            return False
        return None if plugged is None or charging is None else True

    async def _ask(self, name: str) -> str:
        if self._line is None:
            self._line = await asyncio.open_connection(_HOST, self._port, limit=_LONGEST_LINE)
        reader, writer = self._line
        writer.write(f"get {name}\n".encode("ascii"))
        await writer.drain()
        answer = await _line(reader)
        while answer in _TAPS:
            answer = await _line(reader)
        key, _, value = answer.partition(": ")
        if key != name:
            raise _NotTold(name)
        return value

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line[1].close()
            self._line = None

    def _note(self, why: str) -> None:
        """Say in the log when the server stops and begins to tell, and not at every look."""
        if bool(why) == self._silent:
            return
        self._silent = bool(why)
        if why:
            log.warning("pisugar-server does not tell the battery: %s", why)
        else:
            log.info("pisugar-server tells the battery again")


async def _line(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\n")).decode("ascii").rstrip("\r\n")


def _percent(text: str) -> int:
    """Rounded down. Raises _NotTold for what is no charge.

    Exactly 0 is none: a server whose board does not answer says so, and a battery that runs down is told of above it.
    """
    charge = float(text) if _CHARGE.fullmatch(text) else math.nan
    if not 0 < charge <= 100:
        raise _NotTold("battery")
    return math.floor(charge)
