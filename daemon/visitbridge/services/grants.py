"""Who acts on a phone: a person signed in, or, once that is over, the same person with less (F05).

Nobody acts on a phone that nobody signed in on. What is left after a session ran out is the person's own work of
that day, as long as the phone's session lasts; it ends at once when the person ends it.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.domain.people import Right
from visitbridge.domain.visit import Practitioner
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import Countdown
from visitbridge.services.countdown import kept, left_s, settled, taken_up

REDUCED_S = 43_200.0
"""From the card on: as long as the phone's own session, which the card began."""


class Acting(msgspec.Struct, frozen=True, kw_only=True):
    """``live``: the data centre knows the session. ``signed_in_at``: when the card was verified. ``practitioner``: as whom
    the person signs visits.
    """

    staff_id: str
    rights: frozenset[Right]
    live: bool
    signed_in_at: dt.datetime
    session_id: str = ""
    practitioner: Practitioner | None = None

    @property
    def sees_patients(self) -> bool:
        """Whether the names on cards in the readers may be shown."""
        return bool(self.rights & {Right.VISITS, Right.DISPENSING, Right.EMERGENCY})


class Former(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed in last on a phone."""

    staff_id: str
    rights: tuple[Right, ...]
    signed_in_at: dt.datetime
    countdown: Countdown
    practitioner: Practitioner | None = None


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """By phone."""

    former: dict[str, Former] = {}

    def with_phone(self, phone_id: str, former: Former) -> Granted:
        return Granted(former=self.former | {phone_id: former})

    def without(self, phone_ids: tuple[str, ...], staff_id: str = "") -> Granted:
        """Forget who was on these phones; with ``staff_id``, only that person."""
        kept = {
            phone: former
            for phone, former in self.former.items()
            if phone not in phone_ids or (staff_id and former.staff_id != staff_id)
        }
        return Granted(former=kept)

    def taken_up(self, phone_id: str, clock: Clock) -> Granted:
        """In a boot without trusted time: what was left of who signed in last on this phone runs on from now."""
        former = self.former.get(phone_id)
        countdown = taken_up(former.countdown, clock) if former is not None else None
        if former is None or countdown is None:
            return self
        return self.with_phone(phone_id, msgspec.structs.replace(former, countdown=countdown))

    def kept(self, clock: Clock) -> Granted:
        """Without those whose time is over; with what is left of the others, to be stored."""
        left = {
            phone: (former, kept(settled(former.countdown, clock), clock))
            for phone, former in self.former.items()
        }
        return Granted(
            former={
                phone: msgspec.structs.replace(former, countdown=countdown)
                for phone, (former, countdown) in left.items()
                if countdown is not None
            }
        )

    def acting(self, phone_id: str, clock: Clock) -> Acting | None:
        former = self.former.get(phone_id)
        if former is None or not left_s(former.countdown, clock):
            return None
        return Acting(
            staff_id=former.staff_id,
            rights=frozenset(former.rights),
            live=False,
            signed_in_at=former.signed_in_at,
            practitioner=former.practitioner,
        )
