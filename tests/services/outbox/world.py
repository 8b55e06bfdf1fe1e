"""A box with its outbox, its store, a card and the other side, that can be crashed and started again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tests.services.outbox.fakes import FakeCard, FakeCards, FakePortal, FakeRelay, FakeStaff, is_genuine
from tests.services.outbox.memory_store import MemoryStore
from tests.services.outbox.samples import CARD_NO
from visitbridge.domain.jobs import Job, JobState
from visitbridge.domain.visit import Visit
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.live import LiveBoard
from visitbridge.services.outbox.conditions import Conditions
from visitbridge.services.outbox.engine import Outbox, OutboxSettings
from visitbridge.services.outbox.kinds import Kinds
from visitbridge.services.outbox.standard import standard_kinds
from visitbridge.services.outbox.steps import StepPoint
from visitbridge.sim.clock import FakeClock


class Died(BaseException):
    """The process is gone: nothing of ours may run after it, least of all a write."""


class World:
    """``crash_at`` kills the engine at the first matching edge, ``edges_left`` after that many; ``reached``
    collects every edge passed.
    """

    def __init__(self, store: Store | None = None, *, concurrency: int = 4) -> None:
        self.clock = FakeClock()
        self.store: Store = store or MemoryStore()
        self.portal = FakePortal(self.clock)
        self.cards = FakeCards()
        self.card = FakeCard(CARD_NO)
        self.staff = FakeStaff()
        self.relay = FakeRelay(self.portal, self.cards)
        self.board = LiveBoard()
        self.link_up = True
        self.sam_verified = True
        self.settings = OutboxSettings(concurrency=concurrency)
        self.conditions = Conditions(
            link_is_up=lambda: self.link_up,
            sam_is_verified=lambda: self.sam_verified,
            cards=self.cards,
            staff=self.staff,
            clock=self.clock,
        )
        self.crash_at: StepPoint | None = None
        self.edges_left: int | None = None
        self.reached: set[tuple[str, str, str]] = set()
        self.outbox = self._build()

    def kinds(self) -> Kinds:
        return standard_kinds(
            data_centre=self.portal,
            relay=self.relay,
            cards=self.cards,
            staff=self.staff,
            holds=self.conditions.holds,
            sam_id=lambda: "SAM000000001",
            take_number=self.portal.take_number,
        )

    def _build(self) -> Outbox:
        return Outbox(
            store=self.store,
            clock=self.clock,
            data_centre=self.portal,
            kinds=self.kinds(),
            holds=self.conditions.holds,
            is_genuine=is_genuine,
            board=self.board,
            settings=self.settings,
            hook=self._hook,
            jitter=lambda: 0.5,
        )

    async def _hook(self, point: StepPoint) -> None:
        self.reached.add((point.kind, point.step, point.edge.value))
        if self.edges_left is not None:
            self.edges_left -= 1
            if self.edges_left < 0:
                self.edges_left = None
                raise Died
        here = self.crash_at
        if here and (point.kind, point.step, point.edge) == (here.kind, here.step, here.edge):
            self.crash_at = None
            raise Died

    def insert(self, card: FakeCard | None = None) -> None:
        card = card or self.card
        self.cards.present[card.card_no] = card
        self.outbox.wake()

    def pull(self, card: FakeCard | None = None) -> None:
        self.cards.present.pop((card or self.card).card_no)
        self.outbox.wake()

    def set_link(self, *, up: bool) -> None:
        self.link_up = up
        self.outbox.wake()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Outbox]:
        """The engine from its start to an orderly stop."""
        self.outbox = self._build()
        async with asyncio.TaskGroup() as group:
            ready = asyncio.Event()
            task = group.create_task(self.outbox.run(ready.set))
            try:
                await ready.wait()
                yield self.outbox
            finally:
                task.cancel()

    async def run_until_dead(self) -> bool:
        """One life of the engine, until it is killed at ``crash_at`` or has nothing left to do."""
        try:
            async with self.running():
                await self.settle()
        except BaseExceptionGroup as group:
            dead, others = group.split(Died)
            if others is not None:
                raise
            return dead is not None
        return False

    async def settle(self, *, limit_s: float = 3600.0) -> None:
        """Let time pass until every job is confirmed or waits for something other than time."""
        until_s = self.clock.monotonic() + limit_s
        await self.outbox.wait_quiet()
        while self.clock.monotonic() < until_s and await self._has_open_jobs():
            await self.pass_time(20.0)

    async def pass_time(self, seconds_s: float) -> None:
        self.clock.advance(seconds_s)
        self.outbox.wake()
        await self.outbox.wait_quiet()

    async def enqueue(self, visit: Visit, kinds: Sequence[str], *, payload: bytes = b"") -> dict[str, Job]:
        """Store a visit with one job of each kind, as finishing it does; returns the jobs by kind."""
        now = self.clock.now()
        registered = self.outbox_kinds
        jobs = {name: registered[name].new_job(visit, now, payload=payload) for name in kinds}

        def work(tx: Transaction) -> None:
            if tx.visits.get(visit.visit_id) is None:
                tx.visits.put(visit)
            for job in jobs.values():
                tx.jobs.add(job)

        await self.store.write(work)
        self.outbox.desk.accept(visit, jobs.values())
        return jobs

    @property
    def outbox_kinds(self) -> Kinds:
        return self.kinds()

    async def job(self, job_id: str) -> Job:
        job = await self.store.read(lambda tx: tx.jobs.get(job_id))
        assert job is not None
        return job

    async def states(self, jobs: dict[str, Job]) -> dict[str, JobState]:
        return {kind: (await self.job(job.job_id)).state for kind, job in jobs.items()}

    async def visit(self, visit_id: str) -> Visit:
        visit = await self.store.read(lambda tx: tx.visits.get(visit_id))
        assert visit is not None
        return visit

    async def _has_open_jobs(self) -> bool:
        states = tuple(state for state in JobState if state.is_open and state is not JobState.REJECTED)
        return bool(await self.store.read(lambda tx: tx.jobs.in_states(states)))
