"""A box's card services under faults: readers, card desk, relay and outbox as they are, the stand-in data centre over TLS.

Nothing of it is started anew when a reader goes: that the box gets over it by itself is what is shown. Time that jobs
wait for passes ten times as fast as it is, unless told otherwise; the wall clock stands still, as the stand-in's does.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Protocol

import msgspec

from tests.contract.datacentre_benches import Bench, open_portal_bench
from tests.contract.reader_benches import Slot
from tests.crash.world import Patient
from tests.pcsc import clients_of
from tests.services.outbox import samples
from visitbridge.adapters.pcsc.source import PcscReaders
from visitbridge.adapters.store import open_store
from visitbridge.domain.ids import new_id
from visitbridge.domain.jobs import Job, JobState
from visitbridge.domain.visit import FinishMode, Practitioner, Visit
from visitbridge.ports.cards import ReaderSource
from visitbridge.ports.store import Store, Transaction
from visitbridge.runtime.supervisor import Supervisor
from visitbridge.services.cards import CardDesk
from visitbridge.services.live import LiveBoard
from visitbridge.services.outbox.conditions import Conditions
from visitbridge.services.outbox.engine import Outbox
from visitbridge.services.outbox.standard import standard_kinds
from visitbridge.services.relay import CardRelay
from visitbridge.services.staff import StaffDesk
from visitbridge.services.staff_terms import StaffPolicy
from visitbridge.services.visits.plan import plan_jobs
from visitbridge.sim.card import build_card
from visitbridge.sim.card.profiles import LAB_PIN
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.contacts import Contacts
from visitbridge.sim.pcscd import PrivatePcscd, open_pcscd
from visitbridge.sim.readers import VirtualReaders, VirtualSlot
from visitbridge.sim.vpcd import VpcdSlot

PHONE = "phone-1"
_TICK_S = 0.005
_PACE = 10.0
# Far more than it takes, for machines with much else to do.
_LONG_S = 120.0


class Rack(Protocol):
    """Two readers of one transport, the first for patients, that can be taken away as a whole."""

    source: ReaderSource

    @property
    def slots(self) -> tuple[Slot, ...]: ...

    def unplug(self) -> None:
        """Take the readers away now, with the cards in them; to be called from within a card."""
        ...

    async def plug(self) -> None:
        """Bring them back."""
        ...


class DirectRack:
    """Readers of this process."""

    def __init__(self, clock: FakeClock) -> None:
        readers = VirtualReaders(clock)
        self.source: ReaderSource = readers
        self._readers = readers

    @property
    def slots(self) -> tuple[VirtualSlot, ...]:
        return self._readers.slots

    def unplug(self) -> None:
        for slot in self.slots:
            slot.unplug()

    async def plug(self) -> None:
        for slot in self.slots:
            slot.plug()


class PcscRack:
    """Readers of a real pcscd. Taken away by ending that: as far as the box can see all of them are gone at once."""

    def __init__(self, clock: FakeClock, pcscd: PrivatePcscd) -> None:
        self.readers = PcscReaders(clock, allow_virtual=True)
        self.source: ReaderSource = self.readers
        self._pcscd = pcscd
        self._killing: asyncio.Task[None] | None = None

    @property
    def slots(self) -> tuple[VpcdSlot, ...]:
        return self._pcscd.slots

    def unplug(self) -> None:
        """The card's answer to the command in hand is held back until pcscd is dead, and so never arrives."""
        for slot in self.slots:
            slot.hold_answers()
        self._killing = asyncio.create_task(self._pcscd.kill())

    async def plug(self) -> None:
        if self._killing is not None:
            await self._killing
            await self._pcscd.start()
        self._killing = None
        for slot in self.slots:
            slot.give_answers()


OpenRack = Callable[[FakeClock], contextlib.AbstractAsyncContextManager[Rack]]


@contextlib.asynccontextmanager
async def open_direct_rack(clock: FakeClock) -> AsyncIterator[Rack]:
    yield DirectRack(clock)


@contextlib.asynccontextmanager
async def open_pcsc_rack(clock: FakeClock) -> AsyncIterator[Rack]:
    async with open_pcscd() as pcscd:
        with clients_of(pcscd.socket_path):
            rack = PcscRack(clock, pcscd)
            try:
                yield rack
            finally:
                await rack.readers.close()


RACKS: dict[str, OpenRack] = {"in process": open_direct_rack, "pcscd": open_pcsc_rack}


class Stand:
    """Use :func:`open_stand`. ``rack`` holds the readers; the first one is for patients' cards."""

    def __init__(self, folder: Path, rack: Rack, bench: Bench, store: Store, clock: FakeClock) -> None:
        self.rack = rack
        self._folder = folder
        self._bench = bench
        self._store = store
        self._clock = clock
        self._numbers = itertools.count(1)
        self._board = LiveBoard()
        self.cards = CardDesk(self._board, clock, realm="test")
        relay = CardRelay(self.cards, bench.data_centre, clock)
        self._staff = StaffDesk(
            store,
            self.cards,
            bench.data_centre,
            self._board,
            clock,
            new_id=lambda: new_id(clock.now()),
            policy=StaffPolicy(ends_at_midnight=False),
        )
        conditions = Conditions(
            link_is_up=lambda: True,
            sam_is_verified=lambda: True,
            cards=self.cards,
            staff=self._staff,
            clock=clock,
        )
        self._kinds = standard_kinds(
            data_centre=bench.data_centre,
            relay=relay,
            cards=self.cards,
            staff=self._staff,
            holds=conditions.holds,
            sam_id=lambda: "SAM000000001",
        )
        self.outbox = Outbox(
            store=store,
            clock=clock,
            data_centre=bench.data_centre,
            kinds=self._kinds,
            holds=conditions.holds,
            is_genuine=bench.data_centre.believes,
            board=self._board,
        )
        self.cards.when_changed(self.outbox.wake)
        self._staff.when_changed(self.outbox.wake)

    @property
    def reader_id(self) -> str:
        return self.rack.slots[0].reader_id

    def new_patient(self) -> Patient:
        """Somebody whose card has never been in a reader."""
        return Patient(number=next(self._numbers), folder=self._folder)

    async def insert(self, card: Contacts) -> None:
        """Put a patient's card in; the box may be busy with it when this returns."""
        await self.rack.slots[0].insert(card)

    async def pull(self) -> None:
        await self.rack.slots[0].pull()
        await self.wait_for(lambda: self.cards.at(self.reader_id).kind == "none")

    async def sign_in(self) -> None:
        """The doctor's card in the second reader, and out again."""
        slot = self.rack.slots[1]
        await slot.insert(build_card("hpc-doctor"))
        await self.wait_for(lambda: self.cards.at(slot.reader_id).kind == "hpc")
        await self._staff.sign_in(slot.reader_id, bytearray(LAB_PIN.encode()), PHONE)
        await slot.pull()
        await self.wait_for(lambda: self.cards.at(slot.reader_id).kind == "none")

    async def finish_visit(self, patient: Patient) -> str:
        """A visit whose writing onto the card is all that there is to do; its id."""
        (session,) = self._staff.sessions()
        visit = msgspec.structs.replace(
            samples.visit(new_id(self._clock.now()), card_no=patient.card_no),
            practitioner=Practitioner(
                staff_id=session.staff_id, name=session.name, kind=session.kind, id_no=session.id_no
            ),
            institution=self._bench.institution,
            visit_at=self._clock.now(),
            finished_at=self._clock.now(),
            finish_mode=FinishMode.WRITE_CARD,
        )
        jobs = plan_jobs(visit, self._kinds, self._clock.now(), make_up_write=False)
        await self._store.write(lambda tx: _add(tx, visit, jobs))
        self.outbox.desk.accept(visit, jobs)
        return visit.visit_id

    async def states(self, visit_id: str) -> dict[str, JobState]:
        """The states of a visit's jobs, by kind, as they are on disk."""
        rows = await self._store.read(lambda tx: tx.jobs.of_visit(visit_id))
        return {row.kind: row.state for row in rows}

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        await self.wait_until(lambda: _now(condition()))

    async def wait_until(self, condition: Callable[[], Awaitable[bool]], within_s: float = _LONG_S) -> None:
        """Look again and again. Raises TimeoutError."""
        limit_s = time.monotonic() + within_s
        while not await condition():
            if time.monotonic() > limit_s:
                raise TimeoutError("what was waited for did not come about")
            await asyncio.sleep(_TICK_S)

    async def wait_quiet(self) -> None:
        """Until no job is being worked on. Raises TimeoutError."""
        async with asyncio.timeout(_LONG_S):
            await self.outbox.wait_quiet()

    async def pass_time(self, pace: float) -> None:
        """For ever, that many times as fast as it passes."""
        leap_s = _TICK_S * pace
        while True:
            await asyncio.sleep(_TICK_S)
            self._clock.advance(leap_s)
            self._clock.jump(-leap_s)

    async def run(self, ready: Callable[[], None]) -> None:
        services = (self.cards.watcher("readers", self.rack.source), self._staff, self.outbox)
        await Supervisor(services, self._clock).run(ready)


@contextlib.asynccontextmanager
async def open_stand(folder: Path, open_rack: OpenRack, *, pace: float = _PACE) -> AsyncIterator[Stand]:
    """Bound and signed in, both readers empty. ``pace``: how many times as fast time passes."""
    clock = FakeClock()
    async with (
        open_portal_bench(folder) as bench,
        open_store(folder / "stand.db", bytes(range(32)), clock=clock) as store,
        open_rack(clock) as rack,
    ):
        await bench.get_ready()
        clock.jump((bench.now() - clock.now()).total_seconds())
        stand = Stand(folder, rack, bench, store, clock)
        is_ready = asyncio.Event()
        tasks = [asyncio.create_task(stand.run(is_ready.set)), asyncio.create_task(stand.pass_time(pace))]
        try:
            await is_ready.wait()
            await stand.wait_for(lambda: len(stand.cards.present()) == len(rack.slots))
            await stand.sign_in()
            yield stand
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()


def _add(tx: Transaction, visit: Visit, jobs: tuple[Job, ...]) -> None:
    tx.visits.put(visit)
    for job in jobs:
        tx.jobs.add(job)


async def _now(holds: bool) -> bool:
    return holds
