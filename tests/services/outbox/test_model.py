"""Any order of visits, faults, pulls, kills and restores, against what must always be true of the outbox.

The model is the other side's receipts, the card's records and, per job, what a person did to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.services.outbox import samples
from tests.services.outbox.fakes import Fault
from tests.services.outbox.memory_store import MemoryStore
from tests.services.outbox.world import Died, World
from visitbridge.domain.jobs import Job, JobState
from visitbridge.domain.visit import Visit
from visitbridge.errors import JobNotMovable, NotFound
from visitbridge.protocols.datacentre.common import Receipt

ONLINE = ("card.write_visit", "card.write_prescription", "upload.visit", "upload.ic")
OFFLINE = ("upload.recognition", "upload.visit", "upload.ic")

FAULTS = st.sampled_from(
    [
        ("send", Fault.LINK_DOWN),
        ("send", Fault.REPLY_LOST),
        ("send", Fault.REQUEST_LOST),
        ("send", Fault.BUSY),
        ("send", Fault.GARBLED),
        ("send", Fault.FORGED),
        ("send", Fault.REFUSED),
        ("receipt", Fault.LINK_DOWN),
        ("receipt", Fault.IN_PROGRESS),
        ("receipt", Fault.FORGED),
        ("missing", Fault.LINK_DOWN),
        *(
            (purpose, fault)
            for purpose in ("write_visit", "write_prescription", "repair")
            for fault in (
                Fault.PULLED_BEFORE,
                Fault.PULLED_ABSENT,
                Fault.PULLED_OPEN,
                Fault.PULLED_CLOSED,
                Fault.REPLY_LOST,
                Fault.NO_RECEIPT,
                Fault.WRONG_CARD,
                Fault.FORGED,
            )
        ),
        ("read_back", Fault.PULLED_BEFORE),
    ]
)


class Outboxes(RuleBasedStateMachine):
    """``held``: jobs that a person holds back. ``backup``: what a restore goes back to."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = MemoryStore()
        self.world = World(self.store)
        self.task: asyncio.Task[None] | None = None
        self.jobs: list[Job] = []
        self.held: set[str] = set()
        self.backup: dict[str, Receipt] = {}
        self.restored = False
        self.visits = 0
        self.start()

    def start(self) -> None:
        self.runner.run(self._start())

    async def _start(self) -> None:
        ready = asyncio.Event()
        self.world.outbox = self.world._build()
        self.task = asyncio.get_running_loop().create_task(self.world.outbox.run(ready.set))
        await ready.wait()
        await self._calm()

    async def _calm(self) -> None:
        """Until the engine is quiet or dead."""
        assert self.task is not None
        quiet = asyncio.ensure_future(self.world.outbox.wait_quiet())
        await asyncio.wait({quiet, self.task}, return_when=asyncio.FIRST_COMPLETED)
        quiet.cancel()
        if self.task.done():
            failed = self.task.exception()
            assert isinstance(failed, BaseExceptionGroup)
            assert failed.split(Died)[1] is None
            self.task = None

    def alive(self) -> bool:
        return self.task is not None

    def act(self, change: object = None) -> None:
        self.world.outbox.wake()
        if self.task is not None:
            self.runner.run(self._calm())

    @rule(way=st.sampled_from([(samples.visit, ONLINE), (samples.offline_visit, OFFLINE)]))
    def finish_a_visit(self, way: tuple[Callable[[str], Visit], tuple[str, ...]]) -> None:
        sample, kinds = way
        self.visits += 1
        jobs = self.runner.run(self.world.enqueue(sample(f"visit-{self.visits}"), kinds))
        self.jobs += jobs.values()
        self.act()

    @rule(up=st.booleans())
    def link(self, *, up: bool) -> None:
        self.world.link_up = up
        self.act()

    @rule(inside=st.booleans())
    def card(self, *, inside: bool) -> None:
        self.world.cards.present = {samples.CARD_NO: self.world.card} if inside else {}
        self.act()

    @rule(fault=FAULTS)
    def something_will_go_wrong(self, fault: tuple[str, Fault]) -> None:
        self.world.portal.faults[fault[0]].append(fault[1])

    @rule(seconds_s=st.sampled_from([1.0, 30.0, 900.0]))
    def time_passes(self, seconds_s: float) -> None:
        self.world.clock.advance(seconds_s)
        self.act()

    @precondition(alive)
    @rule(edges=st.integers(0, 12))
    def kill_soon(self, edges: int) -> None:
        self.world.edges_left = edges

    @precondition(lambda self: not self.alive())
    @rule()
    def start_again(self) -> None:
        self.world.edges_left = None
        self.start()

    @rule()
    def back_up(self) -> None:
        self.backup = dict(self.world.portal.receipts)

    @rule()
    def restore(self) -> None:
        self.restored = True
        self.world.portal.restore(self.backup)
        self.act()

    @precondition(lambda self: self.alive() and self.jobs)
    @rule(data=st.data(), act=st.sampled_from(["hold", "release", "retry"]))
    def a_person_acts(self, data: st.DataObject, act: str) -> None:
        job = data.draw(st.sampled_from(self.jobs))
        try:
            self.runner.run(getattr(self.world.outbox.desk, act)(job.job_id))
        except (JobNotMovable, NotFound):
            return
        (self.held.add if act == "hold" else self.held.discard)(job.job_id)
        self.act()

    @invariant()
    def nothing_is_done_twice(self) -> None:
        """A restore loses the other side's memory, so there the same key may come again, and only it."""
        keys = {job.key for history in self.store.rows.jobs.values() for job in history}
        former = {job.former_key for history in self.store.rows.jobs.values() for job in history}
        assert set(self.world.portal.effects) <= keys | former
        assert set(self.world.card.begun.values()) <= {1}
        assert set(self.world.card.closed.values()) <= {1}
        assert self.restored or set(self.world.portal.effects.values()) <= {1}

    @invariant()
    def confirmed_means_a_genuine_receipt_on_disk(self) -> None:
        for history in self.store.rows.jobs.values():
            job = history[-1]
            if job.state is JobState.CONFIRMED:
                receipt, job_id = self.store.rows.receipts[job.key]
                assert (job_id, receipt.digest, receipt.signature) == (job.job_id, job.digest, "genuine")

    @invariant()
    def held_stays_held(self) -> None:
        for job_id in self.held:
            assert self.store.rows.jobs[job_id][-1].state is JobState.HELD

    @invariant()
    def nothing_is_forgotten(self) -> None:
        assert set(self.store.rows.jobs) == {job.job_id for job in self.jobs}

    def teardown(self) -> None:
        """With the world in order and a person helping, everything ends confirmed."""
        try:
            self.world.edges_left = None
            self.world.portal.faults.clear()
            self.world.link_up = True
            if self.task is None:
                self.start()
            self.runner.run(self._bring_home())
            states = {history[-1].state for history in self.store.rows.jobs.values()}
            assert states <= {JobState.CONFIRMED}
            assert set(self.world.card.records.values()) <= {"closed"}
        finally:
            self.runner.run(self._stop())
            self.runner.close()

    async def _bring_home(self) -> None:
        for _ in range(4):
            self.world.insert()
            for job in self.jobs:
                await self._help(job.job_id)
            await self.world.settle(limit_s=3000.0)

    async def _help(self, job_id: str) -> None:
        act = self.world.outbox.desk.release if job_id in self.held else self.world.outbox.desk.retry
        self.held.discard(job_id)
        try:
            await act(job_id)
        except (JobNotMovable, NotFound):
            await self.world.outbox.wait_quiet()

    async def _stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait({self.task})


TestOutboxes = Outboxes.TestCase
TestOutboxes.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
