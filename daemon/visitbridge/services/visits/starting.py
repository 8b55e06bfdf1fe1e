"""Beginning a visit: whose card, who signs, and whether it goes with the data centre or without (M01, G02, F07)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Protocol

import msgspec

from visitbridge.domain.people import BasicRecord, Institution
from visitbridge.domain.roc import TAIPEI
from visitbridge.domain.visit import (
    ClockReading,
    Identification,
    OfflineReason,
    Position,
    Practitioner,
    Visit,
    VisitContent,
    VisitState,
)
from visitbridge.domain.visit_types import EarlierVisit
from visitbridge.errors import LinkDown, StaffRequired
from visitbridge.ports.clock import Clock, TimeTrust
from visitbridge.ports.records import StaffSessionRow
from visitbridge.ports.store import Transaction
from visitbridge.services.grants import Acting


class Box(Protocol):
    """The part of ``services.binding.Binding`` that visits need."""

    def institution(self) -> Institution: ...

    def require_enabled(self) -> None: ...


class PatientCards(Protocol):
    """The part of ``services.cards.CardDesk`` that visits need."""

    def require_nhi(self, reader_id: str) -> tuple[object, BasicRecord]: ...

    def find_card(self, card_no: str) -> object | None: ...


class SignedIn(Protocol):
    """The part of ``services.staff.StaffDesk`` that tells which session a phone works under."""

    def live_for_phone(self, phone_id: str) -> StaffSessionRow | None: ...


def choose_way(*, link_is_up: bool, staff_is_live: bool, wanted_offline: bool | None) -> OfflineReason | None:
    """None for a visit with the data centre, else why it goes without.

    ``wanted_offline``: True asks for F00B, False insists on the data centre, None takes what there is. Raises
    LinkDown or StaffRequired for False when it can't be had.
    """
    if wanted_offline:
        return OfflineReason.CHOSEN
    if not link_is_up:
        if wanted_offline is False:
            raise LinkDown
        return OfflineReason.LINK
    if not staff_is_live:
        if wanted_offline is False:
            raise StaffRequired
        return OfflineReason.STAFF
    return None


def signer(acting: Acting | None, now: dt.datetime) -> Practitioner:
    """Who signs: the person who acts on the phone; once the session ran out, on the day of the card (F07). Raises StaffRequired."""
    if acting is None or acting.practitioner is None:
        raise StaffRequired("nobody has signed in on this phone today")
    if not acting.live and acting.signed_in_at.astimezone(TAIPEI).date() != now.astimezone(TAIPEI).date():
        raise StaffRequired("who signed in on this phone did so on another day")
    return acting.practitioner


def draft_of(tx: Transaction, card_no: str, practitioner: Practitioner, now: dt.datetime) -> Visit | None:
    """Today's open draft of this patient and practitioner, to be gone on with on whichever phone (Y04)."""
    today = now.astimezone(TAIPEI).date()
    for line in tx.visits.summaries(state=VisitState.DRAFT, patient_card_no=card_no):
        draft = tx.visits.get(line.visit_id)
        if (
            draft is not None
            and draft.practitioner.staff_id == practitioner.staff_id
            and draft.visit_at.astimezone(TAIPEI).date() == today
        ):
            return draft
    return None


def earlier_visits(tx: Transaction, visit: Visit) -> tuple[EarlierVisit, ...]:
    """This box's finished visits of the same person to the same institution (H20)."""
    return tuple(
        EarlierVisit(
            visit_at=before.visit_at,
            visit_type=before.content.claim.visit_type,
            identification=before.identification,
            number=before.sequence.number if before.sequence else "",
        )
        for before in tx.visits.of_person(visit.patient.id_no)
        if before.institution.code == visit.institution.code and before.visit_id != visit.visit_id
    )


def new_visit(
    visit_id: str,
    *,
    patient: BasicRecord,
    practitioner: Practitioner,
    institution: Institution,
    offline: OfflineReason | None,
    position: Position | None,
    clock: Clock,
) -> Visit:
    """A fresh draft at revision 1, timed by the box's clock as far as that is trusted (M02)."""
    trusted = clock.trust is not TimeTrust.UNTRUSTED
    return Visit(
        visit_id=visit_id,
        revision=1,
        state=VisitState.DRAFT,
        patient=patient,
        identification=Identification.CARD_OFFLINE if offline else Identification.CARD,
        practitioner=practitioner,
        institution=institution,
        # Cards and uploads carry whole seconds; the visit's key must not depend on what lies below.
        visit_at=clock.now().replace(microsecond=0),
        clock_trusted=trusted,
        content=VisitContent(),
        offline_reason=offline,
        position=position,
        started=None if trusted else ClockReading(boot_id=clock.boot_id, monotonic_s=clock.monotonic()),
    )


def with_own_second(visit: Visit, earlier: Iterable[EarlierVisit]) -> Visit:
    """Visit time and institution are the key of the card's record, so one person's two visits share no second."""
    taken = {before.visit_at for before in earlier}
    visit_at = visit.visit_at
    while visit_at in taken:
        visit_at += dt.timedelta(seconds=1)
    return msgspec.structs.replace(visit, visit_at=visit_at)


def resumed(draft: Visit, offline: OfflineReason | None, wanted_offline: bool | None) -> Visit:
    """The draft as it goes on: with the data centre once it can be had, without when that is asked for.

    A draft that began with the data centre is not turned into F00B by a lost link alone (J04).
    """
    if offline is None and draft.identification is Identification.CARD_OFFLINE:
        way, reason = Identification.CARD, None
    elif wanted_offline and draft.identification is Identification.CARD:
        way, reason = Identification.CARD_OFFLINE, offline
    else:
        return draft
    return msgspec.structs.replace(
        draft, revision=draft.revision + 1, identification=way, offline_reason=reason
    )
