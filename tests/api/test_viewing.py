"""What is left of the readers for a phone whose person sees no patients."""

from __future__ import annotations

import datetime as dt

from visitbridge.api.viewing import PhoneTopic, Viewer
from visitbridge.domain.people import BoxRole
from visitbridge.domain.phones import PhoneState
from visitbridge.services.topics import CardPatient, CardsTopic, Slot, SlotCard

PHONE = PhoneTopic(
    phone_id="p1",
    name="phone",
    role=BoxRole.TECHNICIAN,
    state=PhoneState.OPEN,
    session_id="",
    reduced=False,
    idle_s=900.0,
    has_code=False,
)
PATIENT = CardPatient(
    name="王測試", card_no_tail="0001", id_masked="A12****788", birth_date=dt.date(1941, 3, 8), sex="M"
)


def test_a_phone_that_sees_no_patients_is_told_of_a_missing_pcscd_all_the_same() -> None:
    slot = Slot(
        reader_id="r1",
        name="reader",
        transport="pcsc",
        state="card",
        virtual=True,
        battery_percent=None,
        signal_dbm=None,
        card=SlotCard(kind="nhi", insertion=1, error_code="", patient=PATIENT),
    )
    shown = Viewer(phone=PHONE, sees_patients=False, reader="person:x").shown(
        "cards", CardsTopic(readers=(slot,), troubles=("GW-DEV-04",))
    )
    assert isinstance(shown, CardsTopic)
    assert (shown.readers[0].card.patient, shown.troubles) == (None, ("GW-DEV-04",))
