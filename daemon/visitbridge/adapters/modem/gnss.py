"""Positions by AT command, in the dialects of two families."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from visitbridge.domain.position import Fix
from visitbridge.errors import ModemSilent
from visitbridge.protocols.at.commands import Command, Reply, order, query
from visitbridge.protocols.at.fields import Garbled
from visitbridge.protocols.at.gnss import QUECTEL_NO_FIX, quectel_position, simcom_position


class Asks(Protocol):
    """The part of a session that positions need."""

    async def ask(self, command: Command) -> Reply: ...

    async def answer(self, command: Command) -> Reply: ...


async def simcom_fix(modem: Asks) -> Fix | None:
    """Starting the receiver twice is an error, so it is asked first."""
    state = await modem.answer(query("+CGPS"))
    if not state.lines[0].removeprefix("+CGPS:").strip().startswith("1"):
        await modem.answer(order("AT+CGPS=1"))
        return None
    reply = await modem.answer(Command(text="AT+CGPSINFO", prefix="+CGPSINFO:", lines="one"))
    return _read(simcom_position, reply)


async def quectel_fix(modem: Asks) -> Fix | None:
    state = await modem.answer(query("+QGPS"))
    if state.lines[0].removeprefix("+QGPS:").strip() != "1":
        await modem.answer(order("AT+QGPS=1"))
        return None
    locate = Command(text="AT+QGPSLOC=2", prefix="+QGPSLOC:", lines="one")
    reply = await modem.ask(locate)
    if reply.code == QUECTEL_NO_FIX:
        return None
    if not reply.ok:
        reply = await modem.answer(locate)
    return _read(quectel_position, reply)


def _read(parse: Callable[[str], Fix | None], reply: Reply) -> Fix | None:
    try:
        return parse(reply.lines[0])
    except Garbled as exc:
        raise ModemSilent("garbled position") from exc
