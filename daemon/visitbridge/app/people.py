"""The rooms around people and their phones: who is signed in, which phone is whose, who is at the box."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from visitbridge.app import policies
from visitbridge.config import Config
from visitbridge.ports.clock import Clock
from visitbridge.ports.datacentre import DataCentre
from visitbridge.ports.store import Store
from visitbridge.services.cards import CardDesk
from visitbridge.services.live import LiveBoard
from visitbridge.services.pairing import PairingDesk
from visitbridge.services.phones import PhoneDesk
from visitbridge.services.presence import PresenceDesk
from visitbridge.services.staff import StaffDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleRooms:
    staff: StaffDesk
    phones: PhoneDesk
    presence: PresenceDesk
    pairing: PairingDesk


def build_people(
    config: Config,
    *,
    clock: Clock,
    store: Store,
    board: LiveBoard,
    cards: CardDesk,
    data_centre: DataCentre,
    new_id: Callable[[], str],
) -> PeopleRooms:
    staff = StaffDesk(
        store, cards, data_centre, board, clock, new_id=new_id, policy=policies.of_staff(config.policy)
    )
    phones = PhoneDesk(store, clock, limits=policies.of_phones(config.policy))
    phones.when_removed(staff.leave)
    phones.when_unlocked(staff.take_up)
    presence = PresenceDesk(store, board, clock)
    pairing = PairingDesk(phones, presence, clock, label_digest=config.pairing.label_digest)
    return PeopleRooms(staff=staff, phones=phones, presence=presence, pairing=pairing)
