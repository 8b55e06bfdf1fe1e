"""What of the live state a phone is shown: by its own state, and by who acts on it.

A locked phone sees what it takes to open it. Names on cards are for phones of people whose work is with patients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from visitbridge.domain.people import BoxRole
from visitbridge.domain.phones import PhoneState
from visitbridge.ports.records import PairedPhone
from visitbridge.services.grants import Acting
from visitbridge.services.topics import CardsTopic, PerPhone, PerReader, Slot

FOR_LOCKED: Final = frozenset({"mode", "box", "link", "cards", "time", "power"})
"""Topics without anything about people, once names are taken from the cards."""


class PhoneTopic(msgspec.Struct, frozen=True, kw_only=True):
    """The phone that asks. ``session_id``: the staff session it works under; empty when nobody is signed in on it.

    ``reduced``: that session ran out, and its person goes on with the work in hand (F05). ``idle_s``: seconds without a
    person until the phone locks. ``has_code``: an unlock code would be taken.
    """

    phone_id: str
    name: str
    role: BoxRole
    state: PhoneState
    session_id: str
    reduced: bool
    idle_s: float
    has_code: bool


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """``sees_patients``: names on the cards in the readers are shown. ``reader``: whose own view of things is shown."""

    phone: PhoneTopic
    sees_patients: bool
    reader: str

    def shown(self, topic: str, value: msgspec.Struct) -> msgspec.Struct | None:
        """``value`` as this phone may see it; None: not at all."""
        if self.phone.state is not PhoneState.OPEN and topic not in FOR_LOCKED:
            return None
        if isinstance(value, PerReader):
            return value.for_reader(self.reader)
        if isinstance(value, PerPhone):
            return value.for_phone(self.phone.phone_id)
        if isinstance(value, CardsTopic) and not self.sees_patients:
            return msgspec.structs.replace(value, readers=tuple(map(without_patient, value.readers)))
        return value


Look = Callable[[PairedPhone], Viewer | None]
"""What a phone may see now; None: it is not paired any more."""


class Phones(Protocol):
    def is_paired(self, phone_id: str) -> bool: ...
    def role(self, phone_id: str) -> BoxRole: ...
    def state(self, phone: PairedPhone) -> PhoneState: ...
    def has_code(self, phone_id: str) -> bool: ...

    @property
    def idle_s(self) -> float:
        """Seconds without a person until a phone locks."""
        ...


class SignedIn(Protocol):
    def acting(self, phone_id: str) -> Acting | None: ...


def viewer_of(phone: PairedPhone, phones: Phones, staff: SignedIn) -> Viewer | None:
    """How ``phone`` sees the box at this moment; None once it was removed."""
    if not phones.is_paired(phone.phone_id):
        return None
    state = phones.state(phone)
    acting = staff.acting(phone.phone_id) if state is PhoneState.OPEN else None
    shown = PhoneTopic(
        phone_id=phone.phone_id,
        name=phone.name,
        role=phones.role(phone.phone_id),
        state=state,
        session_id=acting.session_id if acting is not None else "",
        reduced=acting is not None and not acting.live,
        idle_s=phones.idle_s,
        has_code=phones.has_code(phone.phone_id),
    )
    return Viewer(
        phone=shown,
        sees_patients=acting is not None and acting.sees_patients,
        reader=reader_of(phone.phone_id, acting),
    )


def reader_of(phone_id: str, acting: Acting | None) -> str:
    """Who reads on a phone: the person, or the phone itself while nobody is signed in."""
    return f"phone:{phone_id}" if acting is None else f"person:{acting.staff_id}"


def without_patient(slot: Slot) -> Slot:
    """``slot`` with the kind of card in it, but not whose it is."""
    return msgspec.structs.replace(slot, card=msgspec.structs.replace(slot.card, patient=None))


def slot_for(slot: Slot, acting: Acting | None) -> Slot:
    return slot if acting is not None and acting.sees_patients else without_patient(slot)
