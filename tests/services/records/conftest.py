"""Consents and copies in a room with people, cards and either data centre."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from collections.abc import AsyncIterator, Callable

import pytest

from tests.services.conftest import PHONE, READER, Room
from visitbridge.domain.consents import ConsentTerms, Person, Signer
from visitbridge.domain.records import RecordKind
from visitbridge.domain.roc import TAIPEI
from visitbridge.ports.records import StaffSessionRow
from visitbridge.services.records.consents import ConsentDesk, ConsentState
from visitbridge.services.records.copies import RecordKeeper
from visitbridge.services.records.ledger import Actor
from visitbridge.services.records.plans import PlanDesk
from visitbridge.sim.card.profiles import LAB_PIN
from visitbridge.sim.contacts import Contacts

WANG = Person(id_no="A123456788", name="王測試", birth_date=dt.date(1941, 3, 8))
LIN = Person(id_no="A223456780", name="林樣本", birth_date=dt.date(1948, 11, 22))
NURSE = Actor(who="T0003", phone_id=PHONE)


class Desk:
    """``today`` in Taipei."""

    def __init__(self, room: Room, *, keep_days: int = 7) -> None:
        numbers = itertools.count(1)

        def new_id() -> str:
            return f"id-{next(numbers)}"

        self.room = room
        self.changes = 0
        self.keeper = RecordKeeper(
            room.store, room.clock, room.data_centre, keep_days=keep_days, changed=self._count
        )
        self.consents = ConsentDesk(room.store, room.clock, new_id=new_id, changed=self.keeper.wake)
        self.plans = PlanDesk(room.store, room.clock, new_id=new_id)

    @property
    def today(self) -> dt.date:
        return self.room.clock.now().astimezone(TAIPEI).date()

    def terms(self, *kinds: RecordKind, signed: int = -3, until: int = 30) -> ConsentTerms:
        return ConsentTerms(
            kinds=kinds or (RecordKind.DRUGS, RecordKind.ALLERGIES),
            signer=Signer.PATIENT,
            signed_on=self.today + dt.timedelta(days=signed),
            until=self.today + dt.timedelta(days=until),
        )

    async def given(self, person: Person = WANG, *, signed: int = -3, until: int = 30) -> ConsentState:
        return await self.consents.give(person, self.terms(signed=signed, until=until), NURSE)

    async def acts(self) -> list[str]:
        """Acts on the audit trail but the signing in."""
        rows = await self.room.store.read(lambda tx: tx.audit.rows())
        return [row.entry.act for row in rows if not row.entry.act.startswith("staff.")]

    def _count(self) -> None:
        self.changes += 1


@pytest.fixture
def desk(room: Room) -> Desk:
    return Desk(room)


@pytest.fixture
async def session(room: Room, card: Callable[[str], Contacts]) -> StaffSessionRow:
    """A doctor is signed in."""
    await room.insert(card("hpc-doctor"))
    return await room.staff.sign_in(READER, bytearray(LAB_PIN.encode()), PHONE)


@pytest.fixture
async def keeping(desk: Desk) -> AsyncIterator[Desk]:
    """The keeper runs."""
    ready = asyncio.Event()
    task = asyncio.ensure_future(desk.keeper.run(ready.set))
    await ready.wait()
    yield desk
    task.cancel()
    await asyncio.wait({task})
