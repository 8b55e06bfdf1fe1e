"""A data centre in a few lines: talks to a virtual NHI card through the secure channel, without any rules."""

from __future__ import annotations

from visitbridge.protocols.apdu import Command, Response
from visitbridge.protocols.nhi.basic import SELECT_NHI
from visitbridge.protocols.nhi.testkeys import published_card_keys
from visitbridge.protocols.scp03 import HostChannel, InitializeUpdate, SecurityLevel, initialize_update
from visitbridge.sim.card import VirtualCard


def send(card: VirtualCard, command: Command) -> Response:
    return Response.decode(card.execute(command.encode()))


class Terminal:
    """Opens a channel to a card that was just inserted."""

    def __init__(
        self, card: VirtualCard, card_no: str = "900000000001", level: SecurityLevel = SecurityLevel.FULL
    ) -> None:
        self._card = card
        card.reset()
        card.execute(SELECT_NHI)
        challenge = b"\x01" * 8
        update = InitializeUpdate.decode(send(card, initialize_update(challenge)).data)
        self.update = update
        self.channel = HostChannel(published_card_keys(card_no), challenge, update, level=level)
        self.opened = send(card, self.channel.external_authenticate())

    def ask(self, command: Command) -> Response:
        return self.channel.unwrap(send(self._card, self.channel.wrap(command)))
