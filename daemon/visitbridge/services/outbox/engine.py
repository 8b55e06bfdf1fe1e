"""The outbox: runs every job when all it waits for holds, exactly once in effect (architecture.md "Card writes",
"Uploads").

Event-driven: it looks again when something says it changed (``wake``) and when a back-off is over, and never
polls. Uploads run side by side, card work one at a time per card. A job that went wrong waits alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine

import msgspec

from visitbridge.domain.ids import new_id
from visitbridge.domain.jobs import AgeLimits, Need
from visitbridge.errors import Retry, StoreError
from visitbridge.ports.clock import Clock
from visitbridge.ports.store import Store
from visitbridge.runtime.jitter import draw
from visitbridge.runtime.waiting import wait_first
from visitbridge.services.live import LiveBoard
from visitbridge.services.outbox import steps
from visitbridge.services.outbox.attempts import Attempts
from visitbridge.services.outbox.desk import OutboxDesk
from visitbridge.services.outbox.epoch import EpochSource, EpochWatch
from visitbridge.services.outbox.kinds import Kinds, Lane
from visitbridge.services.outbox.leases import Lease, LeaseLost
from visitbridge.services.outbox.ledger import Ledger
from visitbridge.services.outbox.open_jobs import Entry, OpenJobs
from visitbridge.services.outbox.receipts import VerifySignature
from visitbridge.services.outbox.steps import Edge, StepHook, StepName, StepPoint, no_hook
from visitbridge.services.outbox.work import Work

log = logging.getLogger(__name__)


class OutboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``concurrency``: uploads under way at once. ``stop_budget_s``: how long a stop waits for card writes."""

    concurrency: int = 4
    limits: AgeLimits = AgeLimits()
    stop_budget_s: float = 8.0
    look_again_s: float = 5.0


class Outbox:
    """Service. ``holds`` answers for needs (see ``Conditions``); ``hook`` sees every step edge.

    ``desk`` is what people see and do, and where new jobs come in.
    """

    name = "outbox"
    critical = True

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        data_centre: EpochSource,
        kinds: Kinds,
        holds: Callable[[Need], bool],
        is_genuine: VerifySignature,
        board: LiveBoard,
        settings: OutboxSettings | None = None,
        hook: StepHook = no_hook,
        jitter: Callable[[], float] = draw,
    ) -> None:
        self._settings = settings or OutboxSettings()
        self._clock = clock
        self._kinds = kinds
        self._hook = hook
        self._ledger = Ledger(store, clock, kinds, run_id=new_id(clock.now()))
        self._open = OpenJobs(kinds, holds, clock.monotonic)
        self._epoch = EpochWatch(store, data_centre, clock, look_again_s=self._settings.look_again_s)
        self._is_genuine = is_genuine
        self._holds = holds
        self._attempts = Attempts(clock, jitter=jitter)
        self.desk = OutboxDesk(
            self._ledger, self._open, clock, board, limits=self._settings.limits, changed=self.wake
        )
        self._changed = asyncio.Event()
        self._quiet = asyncio.Event()
        self._workers: dict[asyncio.Task[None], _Worker] = {}

    def steps(self) -> tuple[StepName, ...]:
        """Every named step of every kind."""
        return self._kinds.steps()

    def wake(self) -> None:
        """Something that jobs wait for may have changed: link, SAM, card, staff, time, a new job."""
        self._changed.set()
        self._quiet.clear()

    async def wait_quiet(self) -> None:
        """Return when nothing is under way and nothing can start before time passes or something changes."""
        await self._quiet.wait()

    async def run(self, ready: Callable[[], None]) -> None:
        """Recover what a former run left, then work until cancelled.

        A disk that takes no recovery is waited for, with what is open shown meanwhile. A stop lets card writes under way
        end within the budget; what does not is ``unknown`` at the next start.
        """
        await self._epoch.load()
        while not await self._recover():
            await self.desk.load()
            ready()
            await self._clock.wait_until(self._clock.monotonic() + self._settings.look_again_s)
        await self.desk.load()
        ready()
        try:
            async with asyncio.TaskGroup() as group:
                try:
                    while True:
                        self._changed.clear()
                        again_s = self._dispatch(group)
                        if not self._workers and not self._changed.is_set():
                            self._quiet.set()
                        await self._wait_change(again_s)
                        self._quiet.clear()
                except asyncio.CancelledError:
                    await self._finish_card_work()
                    raise
        finally:
            self._workers.clear()

    async def _recover(self) -> bool:
        try:
            await self._ledger.recover()
        except StoreError as error:
            if error.retry is Retry.NEVER:
                raise
            log.warning("the store did not take what a former run left (%s)", error.code)
            return False
        return True

    def _dispatch(self, group: asyncio.TaskGroup) -> float:
        """Start all that may start; returns the monotonic second at which to look again."""
        now_s = self._clock.monotonic()
        if self._epoch.due_s() <= now_s:
            self._begin(group, _Worker(None), self._reconcile(), "epoch")
        wakes_s = [self._attempts.paused_until_s, self.desk.next_change_s(), self._epoch.due_s()]
        for entry in self._open:
            if entry.stranded and not entry.busy and now_s >= entry.wait_until_s:
                self._begin(group, _Worker(entry), self._rescue(entry), "rescue")
            elif not entry.stranded and self._open.may_start(entry) and self._has_room(entry):
                worker = _Worker(entry)
                self._begin(group, worker, self._work(worker, entry), entry.job.kind)
            wakes_s.append(entry.wait_until_s)
        self.desk.publish()
        return min((wake_s for wake_s in wakes_s if wake_s > now_s), default=float("inf"))

    def _has_room(self, entry: Entry) -> bool:
        if entry.lane is Lane.CARD:
            card_nos = {worker.card_no for worker in self._workers.values() if worker.lane is Lane.CARD}
            return entry.visit.visit.patient.card_no not in card_nos
        uploads = sum(worker.lane is Lane.LINK for worker in self._workers.values())
        return uploads < self._settings.concurrency and not self._is_paused()

    def _is_paused(self) -> bool:
        return self._clock.monotonic() < self._attempts.paused_until_s

    def _begin(
        self,
        group: asyncio.TaskGroup,
        worker: _Worker,
        work: Coroutine[object, object, None],
        name: str,
    ) -> None:
        if worker.entry is not None:
            worker.entry.busy = True
        task = group.create_task(work, name=f"outbox-{name}")
        self._workers[task] = worker
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._workers.pop(task, None)
        self.wake()

    async def _work(self, worker: _Worker, entry: Entry) -> None:
        """Work on one job, and as long as each confirmation brings the next lease, on."""
        try:
            lease = await self._take(entry)
            while lease is not None:
                entry.busy = False
                entry = self._entry_of(lease)
                worker.entry, worker.next_up = entry, None
                entry.busy = True
                work = self._work_on(lease, worker)
                pause = await self._attempts.carry_out(work)
                if pause is not None:
                    entry.wait_until_s = self._clock.monotonic() + pause.delay_s
                    entry.held_off = pause.held_off
                lease = work.following
        except LeaseLost:
            log.warning("%s: somebody else has taken the lease", entry.job.kind)
            await self.desk.reload(entry.job.visit_id)
        except StoreError as error:
            if error.retry is Retry.NEVER:
                raise
            log.warning("%s: the store did not take it (%s)", entry.job.kind, error.code)
            self._strand(entry)
            if worker.next_up is not None:
                self._strand(worker.next_up)
        finally:
            entry.busy = False
            if worker.next_up is not None:
                worker.next_up.busy = False

    async def _take(self, entry: Entry) -> Lease | None:
        name = entry.job.kind
        point = StepPoint(kind=name, step=steps.LEASE, edge=Edge.BEFORE, job_id=entry.job.job_id)
        await self._hook(point)
        lease = await self._ledger.lease(entry.job.job_id)
        if lease is None:
            await self.desk.reload(entry.job.visit_id)
            return None
        self.desk.note(lease.visit, (lease.job,))
        await self._hook(msgspec.structs.replace(point, edge=Edge.AFTER))
        return lease

    def _entry_of(self, lease: Lease) -> Entry:
        self.desk.note(lease.visit, (lease.job, *lease.retimed))
        entry = self._open.get(lease.job.job_id)
        if entry is None:
            raise LookupError(f"leased {lease.job.kind} is not in the index")
        return entry

    def _work_on(self, lease: Lease, worker: _Worker) -> Work:
        return Work(
            lease,
            self._kinds[lease.job.kind],
            self._ledger,
            is_genuine=self._is_genuine,
            hook=self._hook,
            choose_next=lambda: self._choose_next(worker),
            on_move=lambda job, visit: self.desk.note(visit, (job,)),
        )

    def _choose_next(self, worker: _Worker) -> str | None:
        """An upload to lease in the commit that confirms the present one."""
        if worker.lane is not Lane.LINK or self._is_paused():
            return None
        for entry in self._open:
            if entry.lane is Lane.LINK and not entry.stranded and self._open.may_start(entry):
                entry.busy = True
                worker.next_up = entry
                return entry.job.job_id
        return None

    def _strand(self, entry: Entry) -> None:
        """What the row says now has to be found out before anything else is done with it."""
        entry.stranded = True
        entry.wait_until_s = self._clock.monotonic() + self._settings.look_again_s

    async def _rescue(self, entry: Entry) -> None:
        try:
            await self._ledger.recover_one(entry.job.job_id)
            entry.stranded = False
            await self.desk.reload(entry.job.visit_id)
        except StoreError as error:
            if error.retry is Retry.NEVER:
                raise
            self._strand(entry)
        finally:
            entry.busy = False

    async def _reconcile(self) -> None:
        for visit_id in await self._epoch.reconcile(self._ledger):
            await self.desk.reload(visit_id)

    async def _wait_change(self, until_s: float) -> None:
        waits: list[Awaitable[object]] = [self._changed.wait()]
        if until_s != float("inf"):
            waits.append(self._clock.wait_until(until_s))
        await wait_first(*waits)

    async def _finish_card_work(self) -> None:
        tasks = [task for task, worker in self._workers.items() if worker.lane is Lane.CARD]
        if tasks:
            until_s = self._clock.monotonic() + self._settings.stop_budget_s
            await wait_first(asyncio.wait(tasks), self._clock.wait_until(until_s))


class _Worker:
    """What one task is at: its job, and the one it has asked to lease next."""

    def __init__(self, entry: Entry | None) -> None:
        self.entry = entry
        self.next_up: Entry | None = None

    @property
    def lane(self) -> Lane | None:
        return self.entry.lane if self.entry else None

    @property
    def card_no(self) -> str:
        return self.entry.visit.visit.patient.card_no if self.entry else ""
