"""自動帶入: what an earlier visit of the same person had, taken over by section, never its date or number (Q01, Q02)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from visitbridge.domain.visit import (
    ClaimSettings,
    Diagnosis,
    Order,
    OrderKind,
    Visit,
    VisitContent,
    VisitState,
)
from visitbridge.errors import FieldInvalid, NotFound, StaleRevision, UnknownCode, VisitClosed
from visitbridge.ports.clock import Clock
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.visits.acts import People, existing, note, who_acts
from visitbridge.services.visits.rules import CodeBook, check_codes

_MOST_DIAGNOSES: Final = 20
_MOST_ORDERS: Final = 60
_LONGEST_TEXT: Final = 4000
_NOTHING: Final = VisitContent()


class Section(enum.StrEnum):
    """What can be taken over. 就醫類別 is no part of ``CLAIM``: it follows from the visits of the month."""

    SUBJECTIVE = "subjective"
    OBJECTIVE = "objective"
    DIAGNOSES = "diagnoses"
    ORDERS = "orders"
    CLAIM = "claim"
    SPECIAL_NOTE = "special_note"


class FormerVisit(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier visit of the person, with what of it can be taken over."""

    visit_id: str
    visit_at: dt.datetime
    practitioner: str
    subjective: str
    objective: str
    special_note: str
    diagnoses: tuple[Diagnosis, ...]
    orders: tuple[Order, ...]
    claim: ClaimSettings


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was not taken over: ``unknown`` to the data sets of today, ``controlled``, one too many for the list
    (``full``), or a text (``what`` is empty) that is too ``long`` together with what is there.
    """

    section: Section
    what: str
    reason: str


class CarriedIn(msgspec.Struct, frozen=True, kw_only=True):
    visit: Visit
    left_out: tuple[LeftOut, ...]


class Drafts(Protocol):
    """The part of ``services.visits.drafts`` that saves."""

    async def save(
        self,
        visit_id: str,
        revision: int,
        content: VisitContent,
        phone_id: str,
        *,
        carried_from: str = "",
    ) -> Visit: ...


class CarryIn:
    """Works without a network, from what is on the box."""

    def __init__(
        self, store: Store, clock: Clock, catalogue: CodeBook, drafts: Drafts, people: People
    ) -> None:
        self._store = store
        self._clock = clock
        self._catalogue = catalogue
        self._drafts = drafts
        self._people = people

    async def former(self, visit_id: str, phone_id: str) -> tuple[FormerVisit, ...]:
        """Finished visits of the same person, newest first; that they were looked at is on the audit trail.

        Raises NotFound.
        """
        now = self._clock.now()
        who = who_acts(self._people, phone_id)

        def work(tx: Transaction) -> list[Visit]:
            visit = existing(tx, visit_id)
            note(tx, visit, at=now, act="visit.history", who=who, phone_id=phone_id)
            return [other for other in tx.visits.of_person(visit.patient.id_no) if _same_person(visit, other)]

        return tuple(_former(visit) for visit in await self._store.write(work))

    async def carry(
        self,
        visit_id: str,
        revision: int,
        from_visit_id: str,
        sections: Sequence[Section],
        phone_id: str,
    ) -> CarriedIn:
        """Add the chosen sections to what the draft has already, as its next revision.

        Texts go below what was typed, diagnoses and orders behind those that are there, each once. Raises NotFound
        also for an earlier visit of somebody else, VisitClosed unless the visit is a draft, and what saving raises.
        """

        def look(tx: Transaction) -> tuple[Visit, Visit]:
            visit = existing(tx, visit_id)
            former = tx.visits.get(from_visit_id)
            if former is None or former.state is not VisitState.FINISHED or not _same_person(visit, former):
                raise NotFound("earlier visit of this person", field="from_visit_id")
            return visit, former

        visit, former = await self._store.read(look)
        if visit.state is not VisitState.DRAFT:
            raise VisitClosed
        if visit.revision != revision:
            raise StaleRevision("changed", field="revision", params={"revision": visit.revision})
        content, left_out = await self._merged(visit.content, former.content, set(sections))
        saved = await self._drafts.save(visit_id, revision, content, phone_id, carried_from=former.visit_id)
        return CarriedIn(visit=saved, left_out=left_out)

    async def _merged(
        self, now: VisitContent, former: VisitContent, sections: set[Section]
    ) -> tuple[VisitContent, tuple[LeftOut, ...]]:
        left_out: list[LeftOut] = []
        changes: dict[str, object] = {}
        for section in (Section.SUBJECTIVE, Section.OBJECTIVE, Section.SPECIAL_NOTE):
            if section in sections:
                text = _below(getattr(now, section), getattr(former, section))
                if len(text) <= _LONGEST_TEXT:
                    changes[section.value] = text
                else:
                    left_out.append(LeftOut(section=section, what="", reason="long"))
        if Section.DIAGNOSES in sections:
            changes["diagnoses"] = await self._diagnoses(now, former, left_out)
        if Section.ORDERS in sections:
            changes["orders"] = await self._orders(now, former, left_out)
        if Section.CLAIM in sections:
            changes["programme"] = former.programme
            changes["claim"] = await self._claim(now, former, left_out)
        return msgspec.structs.replace(now, **changes), tuple(left_out)

    async def _diagnoses(
        self, now: VisitContent, former: VisitContent, left_out: list[LeftOut]
    ) -> tuple[Diagnosis, ...]:
        found = list(now.diagnoses)
        for diagnosis in former.diagnoses:
            if any(diagnosis.code == there.code for there in found):
                continue
            known = await self._knows(VisitContent(diagnoses=(diagnosis,)))
            reason = "unknown" if not known else "full" if len(found) == _MOST_DIAGNOSES else ""
            if reason:
                left_out.append(LeftOut(section=Section.DIAGNOSES, what=diagnosis.code, reason=reason))
            else:
                found.append(diagnosis)
        return tuple(found)

    async def _orders(
        self, now: VisitContent, former: VisitContent, left_out: list[LeftOut]
    ) -> tuple[Order, ...]:
        found = list(now.orders)
        for order in former.orders:
            if any((order.kind, order.code) == (there.kind, there.code) for there in found):
                continue
            reason = await self._obstacle(order, len(found))
            if reason:
                left_out.append(LeftOut(section=Section.ORDERS, what=order.code, reason=reason))
            else:
                found.append(order)
        return tuple(found)

    async def _obstacle(self, order: Order, there: int) -> str:
        if order.kind is OrderKind.CONTROLLED:
            return "controlled"
        try:
            known = await self._knows(VisitContent(orders=(order,)))
        except FieldInvalid:
            # The code book has put the drug under control since.
            return "controlled"
        if not known:
            return "unknown"
        return "full" if there == _MOST_ORDERS else ""

    async def _claim(self, now: VisitContent, former: VisitContent, left_out: list[LeftOut]) -> ClaimSettings:
        claim = now.claim
        for name in ("case_type", "department", "payment_category", "dispensing", "copay", "special_items"):
            value = getattr(former.claim, name)
            changed = msgspec.structs.replace(claim, **{name: value})
            if await self._knows(VisitContent(claim=changed), before=VisitContent(claim=claim)):
                claim = changed
            else:
                left_out.append(LeftOut(section=Section.CLAIM, what=str(value), reason="unknown"))
        return claim

    async def _knows(self, content: VisitContent, *, before: VisitContent = _NOTHING) -> bool:
        try:
            await check_codes(self._catalogue, content, before=before)
        except UnknownCode:
            return False
        return True


def _same_person(visit: Visit, other: Visit) -> bool:
    """A different card of the same person counts, a person who shares nothing but an id number does not."""
    same = (visit.patient.id_no, visit.patient.birth_date) == (other.patient.id_no, other.patient.birth_date)
    return same and visit.visit_id != other.visit_id


def _below(text: str, more: str) -> str:
    if not text.strip() or more == text:
        return more or text
    return text if not more else f"{text}\n{more}"


def _former(visit: Visit) -> FormerVisit:
    content = visit.content
    return FormerVisit(
        visit_id=visit.visit_id,
        visit_at=visit.visit_at,
        practitioner=visit.practitioner.name,
        subjective=content.subjective,
        objective=content.objective,
        special_note=content.special_note,
        diagnoses=content.diagnoses,
        orders=content.orders,
        claim=content.claim,
    )
