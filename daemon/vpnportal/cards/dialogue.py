"""One conversation with one card, as a generator: it yields batches of commands and is sent the answers.

What is written here knows the card's commands and the secure channel, and nothing of HTTP, sessions or storage.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NoReturn, TypeVar

import msgspec

from visitbridge.errors import CardError, CardRealmMixed
from visitbridge.protocols.apdu import Command, Response, StatusWord
from visitbridge.protocols.datacentre.cards import CardResult, Phase
from visitbridge.protocols.nhi import applet
from visitbridge.protocols.nhi.basic import SELECT_NHI
from visitbridge.protocols.nhi.testkeys import published_card_keys
from visitbridge.protocols.scp03 import HostChannel, InitializeUpdate, initialize_update
from vpnportal.cards import words
from vpnportal.problems import Retry, malformed

T = TypeVar("T")


class Step(msgspec.Struct, frozen=True):
    """One command, with a label for engineers. ``mutating``: the card's records may change."""

    command: Command
    label: str
    mutating: bool = False


class Batch(msgspec.Struct, frozen=True):
    """Commands as they go to the card, secured already."""

    phase: Phase
    steps: tuple[Step, ...]


Talk = Generator[Batch, tuple[Response, ...], T]
Dialogue = Talk[CardResult]


class SecureCard:
    """A card that has proven to hold its keys, and to which this side has proven the same."""

    def __init__(self, card_no: str, channel: HostChannel, opening: Step) -> None:
        self.card_no = card_no
        self._channel = channel
        self._opening: Step | None = opening
        self._mutated = False

    def ask(self, phase: Phase, steps: Sequence[Step]) -> Talk[tuple[bytes, ...]]:
        """Send commands, give the data of their answers, one each.

        Raises Refusal for a status word other than 9000, for an answer that fails authentication, and for
        missing answers; with ``retry=unknown`` once a mutating command was handed out.
        """
        self._mutated = self._mutated or any(step.mutating for step in steps)
        secured = [Step(self._channel.wrap(step.command), step.label, step.mutating) for step in steps]
        lead = [self._opening] if self._opening else []
        self._opening = None
        responses = yield Batch(phase, (*lead, *secured))
        check_complete(responses, len(lead) + len(secured))
        if lead and not responses[0].is_ok:
            self._refuse_channel("the card did not accept the data centre")
        return tuple(self._open(response) for response in responses[len(lead) :])

    def _open(self, response: Response) -> bytes:
        try:
            opened = self._channel.unwrap(response)
        except CardError as exc:
            self._refuse_channel(exc.detail)
        if not opened.is_ok:
            raise words.not_as_expected(opened, mutated=self._mutated)
        return opened.data

    def _refuse_channel(self, title: str) -> NoReturn:
        retry: Retry = "unknown" if self._mutated else "later"
        raise words.insurer_refusal(words.CARD_NOT_AUTHENTIC, title, status=409, retry=retry)


def meet(host_challenge: bytes) -> Talk[SecureCard]:
    """Select the application and begin mutual authentication; ends before the first secured command.

    Raises Refusal: 4033 not an NHI card, 9203 a card of another realm, 4071 wrong cryptogram.
    """
    update_command = initialize_update(host_challenge)
    responses = yield Batch(
        "authenticate",
        (
            Step(Command.decode(SELECT_NHI), "select the NHI application"),
            Step(update_command, "initialize update"),
        ),
    )
    check_complete(responses, 2)
    if not responses[0].is_ok:
        raise words.insurer_refusal(words.NOT_AN_NHI_CARD, f"SELECT was answered {responses[0].sw_hex}")
    if not responses[1].is_ok:
        raise words.not_as_expected(responses[1], mutated=False)
    try:
        update = InitializeUpdate.decode(responses[1].data)
        card_no = applet.card_no_of(update.diversification)
        channel = HostChannel(published_card_keys(card_no), host_challenge, update)
    except CardRealmMixed as exc:
        raise words.insurer_refusal(words.REALMS_MIXED, exc.detail) from exc
    except CardError as exc:
        raise words.insurer_refusal(words.CARD_NOT_AUTHENTIC, exc.detail, status=409) from exc
    return SecureCard(card_no, channel, Step(channel.external_authenticate(), "external authenticate"))


def check_complete(responses: Sequence[Response], sent: int) -> None:
    """Fewer answers than commands are complete only if the last of them is what stopped the script.

    Raises Refusal malformed.
    """
    stopped_early = 0 < len(responses) < sent and responses[-1].sw != StatusWord.OK
    if len(responses) != sent and not stopped_early:
        raise malformed("the number of answers does not match the script", field="answers")
