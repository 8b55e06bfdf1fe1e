"""A health-professional card verified by its PIN, through the data centre (F01).

The PIN goes from the phone straight to the card and is wiped. Only the data centre can say whose card it is, so nobody
is verified without the link.
"""

from __future__ import annotations

from visitbridge.errors import (
    CardAbsent,
    CardBeingRead,
    CardMute,
    CardsSeveral,
    DataCentreGarbled,
    FieldInvalid,
)
from visitbridge.ports.card_channel import CardChannel
from visitbridge.ports.datacentre import DataCentre
from visitbridge.protocols.datacentre.cards import SessionStep, StaffToken
from visitbridge.services.cards import CardDesk
from visitbridge.services.scripts import run_script

_PIN_LENGTHS = range(4, 9)
_CARD_DEADLINE_S = 30.0


class HpcCheck:
    def __init__(self, desk: CardDesk, data_centre: DataCentre) -> None:
        self._desk = desk
        self._data_centre = data_centre

    def reader_id(self) -> str:
        """The reader with the one health-professional card of this box.

        Raises CardsSeveral, lest one person's PIN costs another's card a try; CardBeingRead, CardMute, CardAbsent.
        """
        present = self._desk.present()
        found = [card.reader_id for card in present if card.kind == "hpc"]
        if len(found) > 1:
            raise CardsSeveral
        if found:
            return found[0]
        kinds = {card.kind for card in present}
        if "reading" in kinds:
            raise CardBeingRead
        raise CardMute if "mute" in kinds else CardAbsent

    async def verify(self, reader_id: str, pin: bytearray) -> StaffToken:
        """Verify the card in ``reader_id`` with ``pin`` (ASCII digits), which is wiped in every case.

        Raises FieldInvalid, PinWrong (``tries_left``), PinBlocked, CardAbsent, CardMute, CardBeingRead, WrongCardKind,
        and what reader, link and data centre raise.
        """
        try:
            if len(pin) not in _PIN_LENGTHS or not pin.isdigit():
                raise FieldInvalid("a PIN has 4 to 8 digits", field="pin")
            self._desk.require_hpc(reader_id)
            reader = self._desk.reader(reader_id)
            async with reader.open_session("staff", deadline_s=_CARD_DEADLINE_S) as channel:
                return await self._verify(channel, pin)
        finally:
            pin[:] = bytes(len(pin))

    async def _verify(self, channel: CardChannel, pin: bytearray) -> StaffToken:
        step: SessionStep = await self._data_centre.open_staff_session()
        while step.script is not None:
            answers = await run_script(channel, step.script, pin=pin)
            step = await self._data_centre.answer_staff(step.session_id, answers)
        if step.staff is None:
            raise DataCentreGarbled("a staff session that ended without a token")
        return step.staff
