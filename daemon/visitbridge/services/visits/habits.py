"""What a new visit starts with: what this practitioner chose last (M03, A01), and the type that the month asks for.

The patient's own share (部分負擔) and the kind of visit are never carried over from another patient.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from visitbridge.domain.programmes import CLAIMING, Programme
from visitbridge.domain.visit import ClaimSettings, Visit, VisitContent
from visitbridge.domain.visit_types import FIRST_OF_SECTOR, EarlierVisit, suggested_type
from visitbridge.ports.store import Transaction


class Habit(msgspec.Struct, frozen=True, kw_only=True):
    """``claims`` by programme, as they were claimed last."""

    programme: str = Programme.HOME_INTEGRATED.value
    claims: dict[str, ClaimSettings] = {}


def starting_content(tx: Transaction, fresh: Visit, earlier: Iterable[EarlierVisit]) -> VisitContent:
    """The content of a draft that has just begun; ``earlier`` visits of the same patient decide its type (H20)."""
    habit = _habit(tx, fresh.practitioner.staff_id)
    usual = CLAIMING[Programme(habit.programme)]
    claim = habit.claims.get(habit.programme)
    if claim is None:
        claim = ClaimSettings(
            visit_type=usual.visit_type, special_items=(usual.special_item,) if usual.special_item else ()
        )
        if usual.case_types:
            claim = msgspec.structs.replace(claim, case_type=usual.case_types[0])
    visit_type = suggested_type(
        earlier, sector=claim.visit_type, visit_at=fresh.visit_at, identification=fresh.identification
    )
    return VisitContent(
        programme=habit.programme, claim=msgspec.structs.replace(claim, visit_type=visit_type)
    )


def remember(tx: Transaction, visit: Visit) -> None:
    """Take a finished visit's choices as the next one's start."""
    programme, claim = visit.content.programme, visit.content.claim
    habit = _habit(tx, visit.practitioner.staff_id)
    before = habit.claims.get(programme)
    sector = claim.visit_type
    if sector not in FIRST_OF_SECTOR:
        sector = before.visit_type if before else CLAIMING[Programme(programme)].visit_type
    kept = msgspec.structs.replace(claim, visit_type=sector, copay=ClaimSettings().copay)
    now = Habit(programme=programme, claims={**habit.claims, programme: kept})
    if now != habit:
        tx.settings.set(_key(visit.practitioner.staff_id), msgspec.json.encode(now).decode())


def _habit(tx: Transaction, staff_id: str) -> Habit:
    text = tx.settings.get(_key(staff_id))
    return Habit() if text is None else msgspec.json.decode(text, type=Habit)


def _key(staff_id: str) -> str:
    return f"visits.habit.{staff_id}"
