"""What a card answers, without saying whose it is."""

from __future__ import annotations

import msgspec

from visitbridge.ports.card_channel import CardProtocol
from visitbridge.ports.cards import CardReader
from visitbridge.protocols.apdu import Response
from visitbridge.protocols.conversation import Conversation
from visitbridge.protocols.nhi.basic import READ_BASIC, SELECT_NHI
from visitbridge.protocols.nhi.hpc import SELECT_HPC

_SELECTS = {"NHI card": SELECT_NHI, "HPC": SELECT_HPC}
_SESSION_S = 30.0


class ProbedCard(msgspec.Struct, frozen=True):
    """``applications``: those known ones that the card has."""

    protocol: CardProtocol
    applications: tuple[str, ...]


async def probe(reader: CardReader) -> ProbedCard:
    """What the card speaks, and what is on it, by selecting it. Raises CardError, DeviceError."""
    async with reader.open_session("vb-reader", deadline_s=_SESSION_S) as channel:
        found = await channel.converse(_select_all(), deadline_s=_SESSION_S)
        return ProbedCard(channel.protocol, found)


def _select_all() -> Conversation[tuple[str, ...]]:
    found = []
    for name, select in _SELECTS.items():
        if Response.decode((yield select)).is_ok:
            found.append(name)
    return tuple(found)


def read_once() -> Conversation[tuple[bytes, int]]:
    """SELECT of the NHI application and its public record: the last answer, and how many commands were sent.

    A card without that application has been read when it has said so.
    """
    selected = yield SELECT_NHI
    if not Response.decode(selected).is_ok:
        return selected, 1
    return (yield READ_BASIC), 2


async def send_raw(reader: CardReader, commands: list[bytes]) -> list[bytes]:
    """The whole answers, in one session, the last one to a command that the card did not accept.

    Raises CardError for bytes that are no command, before they are sent; DeviceError.
    """
    answers = []
    async with reader.open_session("vb-reader", deadline_s=_SESSION_S) as channel:
        for command in commands:
            answers.append(await channel.transmit(command, deadline_s=_SESSION_S))
            if not Response.decode(answers[-1]).is_ok:
                break
    return answers
