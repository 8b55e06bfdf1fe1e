"""Which fees of the plan a visit may claim, for a person to choose from (nhi-domain §4.9)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from visitbridge.domain.home_fees import (
    HOME_FEES,
    Band,
    Care,
    HomeFee,
    Performer,
    child_percentage,
    emergency_band,
)
from visitbridge.domain.people import StaffKind
from visitbridge.domain.programmes import Programme
from visitbridge.domain.roc import TAIPEI
from visitbridge.domain.visit import Visit
from visitbridge.domain.visit_time import stay_of

_HOSPICE_CASE: Final = "A5"
_CHINESE_MEDICINE_CASE: Final = "31"
_CARE: Final[Mapping[str, Collection[Care]]] = MappingProxyType(
    {
        Programme.HOSPICE: (Care.HOSPICE_A, Care.HOSPICE_B),
        Programme.RESPIRATORY: (Care.NON_INVASIVE, Care.INVASIVE),
    }
)
_PERFORMERS: Final[Mapping[StaffKind, Collection[Performer]]] = MappingProxyType(
    {
        StaffKind.DOCTOR: (Performer.DOCTOR,),
        StaffKind.NURSE: (Performer.NURSE,),
        StaffKind.PHARMACIST: (Performer.PHARMACIST,),
        StaffKind.OTHER: (Performer.RESPIRATORY, Performer.COUNSELLOR),
    }
)


def proposed_fees(visit: Visit) -> tuple[HomeFee, ...]:
    """Fees that fit who came, for what, where and for how long; several where only a person can tell them apart.

    What is not told narrows nothing down: without a departure both lengths of a stay are proposed.
    """
    content = visit.content
    claim = content.claim
    performers = _PERFORMERS[visit.practitioner.kind]
    if visit.practitioner.kind is StaffKind.DOCTOR and claim.case_type == _CHINESE_MEDICINE_CASE:
        performers = (Performer.CHINESE_MEDICINE,)
    programme = Programme.HOSPICE if claim.case_type == _HOSPICE_CASE else content.programme
    care = _CARE.get(programme, (Care.HOME,))
    arrived_at, departed_at = stay_of(visit)
    over_hour = None if departed_at is None else (departed_at - arrived_at).total_seconds() > 3600
    return tuple(
        fee
        for fee in HOME_FEES
        if fee.performer in performers
        and fee.care in care
        and fee.remote == content.occasion.remote
        and (over_hour is None or fee.over_hour in {None, over_hour})
    )


def proposed_percentage(visit: Visit) -> int:
    """What of the fee is claimed (p8): the band of an emergency, else what a child's age adds.

    How the two combine is not public; the greater one is proposed (D). 100 while an emergency's departure is not
    told, or the times make no sense.
    """
    arrived_at, departed_at = stay_of(visit)
    visited_on = arrived_at.astimezone(TAIPEI).date()
    child = child_percentage(visit.patient.birth_date, max(visited_on, visit.patient.birth_date))
    occasion = visit.content.occasion
    if not occasion.emergency or departed_at is None:
        return child
    try:
        band = emergency_band(arrived_at, departed_at, is_holiday=lambda _day: occasion.holiday)
    except ValueError:
        band = Band.DAY
    return max(child, band)
