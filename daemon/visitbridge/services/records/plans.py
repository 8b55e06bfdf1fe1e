"""今日訪視名單: whom the team visits on a day, with what their consents allow (beyond #4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import msgspec

from visitbridge.domain.consents import ConsentEntry, Person, check_person
from visitbridge.domain.plans import PlannedVisit
from visitbridge.domain.roc import TAIPEI
from visitbridge.errors import NotFound
from visitbridge.ports.clock import Clock, TimeTrust
from visitbridge.ports.store import Store, Transaction


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """A planned visit, and of the person's consents the one that holds longest; ``fetched_at`` of its records."""

    plan: PlannedVisit
    consent: ConsentEntry | None
    fetched_at: dt.datetime | None


class KnownPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody the box has seen: whose card it was at a visit (J02)."""

    person: Person
    visit_id: str
    visit_at: dt.datetime


class PlanDesk:
    def __init__(self, store: Store, clock: Clock, *, new_id: Callable[[], str]) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id

    @property
    def today(self) -> dt.date:
        """In Taipei, by the box's clock, trusted or not."""
        return self._clock.now().astimezone(TAIPEI).date()

    async def of_day(self, day: dt.date) -> tuple[PlanView, ...]:
        """In order of time. The calendar's last day has no end that could be named, and no plans."""
        if day == dt.date.max:
            return ()
        start = dt.datetime.combine(day, dt.time(), TAIPEI)
        end = start + dt.timedelta(days=1)

        return await self._store.read(
            lambda tx: tuple(self._view(tx, plan) for plan in tx.plans.between(start, end))
        )

    async def get(self, plan_id: str) -> PlanView:
        """Raises NotFound."""
        return await self._store.read(lambda tx: self._view(tx, _existing(tx, plan_id)))

    async def add(self, planned_at: dt.datetime, person: Person) -> PlanView:
        """Raises FieldInvalid for a person without a name or with an id of no known form."""
        check_person(person)
        plan = PlannedVisit(plan_id=self._new_id(), planned_at=planned_at.astimezone(dt.UTC), person=person)

        def work(tx: Transaction) -> PlanView:
            tx.plans.put(plan)
            return self._view(tx, plan)

        return await self._store.write(work)

    async def person_of(self, visit_id: str) -> Person:
        """Whose visit it is. Raises NotFound."""

        def work(tx: Transaction) -> Person:
            visit = tx.visits.get(visit_id)
            if visit is None:
                raise NotFound("visit", field="visit_id")
            patient = visit.patient
            return Person(id_no=patient.id_no, name=patient.name, birth_date=patient.birth_date)

        return await self._store.read(work)

    async def remove(self, plan_id: str) -> None:
        """Raises NotFound. What was consented to stays."""

        def work(tx: Transaction) -> None:
            if not tx.plans.remove(plan_id):
                raise NotFound("planned visit", field="plan_id")

        await self._store.write(work)

    async def known(self, *, limit: int = 100) -> tuple[KnownPerson, ...]:
        """Everybody with a visit on the box, the last visit first."""
        visits = await self._store.read(lambda tx: tx.visits.last_of_each_person(limit=limit))
        return tuple(
            KnownPerson(
                person=Person(
                    id_no=visit.patient.id_no, name=visit.patient.name, birth_date=visit.patient.birth_date
                ),
                visit_id=visit.visit_id,
                visit_at=visit.visit_at,
            )
            for visit in visits
        )

    def _view(self, tx: Transaction, plan: PlannedVisit) -> PlanView:
        now = self._clock.now()
        trusted = self._clock.trust is not TimeTrust.UNTRUSTED
        counting = [
            entry for entry in tx.consents.of_person(plan.person.id_no) if trusted and entry.counts_at(now)
        ]
        consent = max(counting, key=lambda entry: entry.terms.ends_at, default=None)
        fetched_at = tx.record_copies.fetched_at(consent.consent_id) if consent else None
        return PlanView(plan=plan, consent=consent, fetched_at=fetched_at)


def _existing(tx: Transaction, plan_id: str) -> PlannedVisit:
    plan = tx.plans.get(plan_id)
    if plan is None:
        raise NotFound("planned visit", field="plan_id")
    return plan
