"""One reader and the card in it, as phones see them (G01, G04)."""

from __future__ import annotations

from visitbridge.domain.people import mask_id
from visitbridge.ports.cards import ReaderInfo
from visitbridge.services.card_kinds import PresentCard
from visitbridge.services.topics import CardPatient, Slot, SlotCard


def slot_of(info: ReaderInfo, card: PresentCard) -> Slot:
    """The patient with the id masked; whoever may see less is shown less by the API."""
    record = card.basic
    patient = record and CardPatient(
        name=record.name,
        card_no_tail=record.card_no[-4:],
        id_masked=mask_id(record.id_no),
        birth_date=record.birth_date,
        sex=record.sex,
        name_open=card.name_open,
    )
    return Slot(
        reader_id=info.reader_id,
        name=info.name,
        transport=info.transport,
        state=info.state,
        virtual=info.virtual,
        battery_percent=info.battery_percent,
        battery_low=info.battery_low,
        signal_dbm=info.signal_dbm,
        sleeps=info.capability.sleeps,
        trouble=info.trouble,
        card=SlotCard(
            kind=card.kind, insertion=card.insertion, error_code=card.error_code, patient=patient or None
        ),
    )
