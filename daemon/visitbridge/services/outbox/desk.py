"""The outbox as people see and handle it: items with reasons, the queue in one line, retry, hold, release."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import msgspec

from visitbridge.domain.job_states import IllegalMove, Move, moved
from visitbridge.domain.jobs import Age, AgeLimits, Job, JobState, age_of
from visitbridge.domain.visit import Visit
from visitbridge.errors import JobNotMovable, KeyConflict, NotFound, Retry, StoreError
from visitbridge.ports.clock import Clock
from visitbridge.services.live import LiveBoard
from visitbridge.services.outbox.kinds import JobKind, clean
from visitbridge.services.outbox.ledger import Change, Ledger
from visitbridge.services.outbox.open_jobs import Entry, OpenJobs
from visitbridge.services.outbox.views import JobView, job_view, next_age_change_s
from visitbridge.services.topics import QueueTopic


class OutboxDesk:
    """``changed`` is called when a job may start that could not before."""

    def __init__(
        self,
        ledger: Ledger,
        open_jobs: OpenJobs,
        clock: Clock,
        board: LiveBoard,
        *,
        limits: AgeLimits,
        changed: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._open = open_jobs
        self._clock = clock
        self._board = board
        self._limits = limits
        self._changed = changed
        self._last_success_at: dt.datetime | None = None

    async def load(self) -> None:
        """Fill the index from the store."""
        self._open.clear()
        self._last_success_at = await self._ledger.last_success_at()
        for held in await self._ledger.open_visits():
            self._open.put(held.visit, held.jobs)
        self.publish()

    async def reload(self, visit_id: str) -> None:
        """Take one visit's rows from the store again, and let them start."""
        held = await self._ledger.open_visit(visit_id)
        self.accept(held.visit, held.jobs)

    def accept(self, visit: Visit, jobs: Iterable[Job]) -> None:
        """Take note of rows that a transaction has just committed, and let them start."""
        self.note(visit, jobs)
        self._changed()

    def note(self, visit: Visit, jobs: Iterable[Job]) -> None:
        """Follow a commit, and tell phones that show this visit."""
        jobs = tuple(jobs)
        held = self._open.put(visit, jobs)
        if any(job.state is JobState.CONFIRMED for job in jobs):
            self._last_success_at = self._clock.now()
        notice = held.notice()
        if notice != held.announced:
            held.announced = notice
            self._board.announce("visit", notice)
        self.publish()

    def publish(self) -> None:
        self._board.put("queue", self.summary())

    def summary(self) -> QueueTopic:
        oldest = self._open.oldest()
        now = self._clock.now()
        return QueueTopic(
            depth=len(self._open),
            attention=self._open.attention,
            sending=self._open.sending,
            oldest_at=oldest.visit.visit.visit_at if oldest else None,
            oldest_age=age_of(oldest.visit.visit.visit_at, now, self._limits) if oldest else Age.FRESH,
            last_success_at=self._last_success_at,
        )

    def next_change_s(self) -> float:
        """Monotonic second at which the queue's age turns; infinity when it does not."""
        oldest = self._open.oldest()
        if oldest is None:
            return float("inf")
        ahead_s = next_age_change_s(oldest.visit.visit.visit_at, self._clock.now(), self._limits)
        return float("inf") if ahead_s is None else self._clock.monotonic() + ahead_s

    def items(self) -> tuple[JobView, ...]:
        """Every open item, by deadline, then age, then the steps of a visit as they follow each other."""
        return tuple(self._view_entry(entry) for entry in self._open)

    def view(self, job: Job, visit: Visit) -> JobView:
        """One item, open or settled."""
        entry = self._open.get(job.job_id)
        if entry is not None:
            return self._view_entry(entry)
        return job_view(job, visit, (), now=self._clock.now(), limits=self._limits)

    async def retry(self, job_id: str, *, who: str = "phone", phone_id: str = "") -> JobView:
        """Try now. What was sent back goes out again under a new key; what waits, at once.

        Raises NotFound, JobNotMovable while it is being worked on.
        """
        return await self._act(job_id, self._retried, act="outbox.retry", who=who, phone_id=phone_id)

    async def hold(self, job_id: str, *, who: str = "phone", phone_id: str = "") -> JobView:
        """Keep it back until released. Raises NotFound, JobNotMovable once it may have had an effect."""
        return await self._act(job_id, _mover(Move.HOLD), act="outbox.hold", who=who, phone_id=phone_id)

    async def release(self, job_id: str, *, who: str = "phone", phone_id: str = "") -> JobView:
        return await self._act(job_id, _mover(Move.RELEASE), act="outbox.release", who=who, phone_id=phone_id)

    async def accept_former(self, job_id: str, *, who: str = "phone", phone_id: str = "") -> JobView:
        """Let the version that the other side took before stand: its receipt is fetched under its own key and body.

        For what came back because of exactly that (GW-DC-04). Raises NotFound, JobNotMovable.
        """
        former = await self._ledger.former(job_id)

        def change(job: Job, kind: JobKind, visit: Visit) -> Job:
            is_conflict = job.state is JobState.REJECTED and job.error_code == KeyConflict.code
            if former is None or not is_conflict or former.key != job.former_key or not former.payload:
                raise JobNotMovable(f"no former version to accept, {job.state.value}")
            again = kind.revise(job, visit, self._clock.now())
            return msgspec.structs.replace(
                again, key=former.key, former_key="", payload=former.payload, digest=former.digest
            )

        return await self._act(job_id, change, act="outbox.accept_former", who=who, phone_id=phone_id)

    def send_now(self) -> None:
        """End every back-off."""
        for entry in self._open:
            entry.wait_until_s = 0.0
        self._changed()

    def _retried(self, job: Job, kind: JobKind, visit: Visit) -> Job:
        if job.state is JobState.REJECTED:
            return kind.revise(job, visit, self._clock.now())
        if job.leased_by or not job.state.is_open or job.state is JobState.HELD:
            raise JobNotMovable(f"retry of a job that is {job.state.value}")
        return clean(job, attempts=0)

    async def _act(self, job_id: str, change: Change, *, act: str, who: str, phone_id: str) -> JobView:
        entry = self._open.get(job_id)
        if entry is None:
            raise NotFound("outbox item", field="job_id")
        if entry.busy:
            raise JobNotMovable("being worked on", retry=Retry.LATER)
        entry.busy = True
        try:
            job = await self._ledger.act(job_id, change, act=act, who=who, phone_id=phone_id)
        except StoreError as error:
            if error.retry is Retry.UNKNOWN:
                await self.reload(entry.job.visit_id)
            raise
        finally:
            entry.busy = False
        entry.wait_until_s = 0.0
        self.note(entry.visit.visit, (job,))
        self._changed()
        return self.view(job, entry.visit.visit)

    def _view_entry(self, entry: Entry) -> JobView:
        return job_view(
            entry.job,
            entry.visit.visit,
            self._open.waiting_for(entry),
            now=self._clock.now(),
            limits=self._limits,
        )


def _mover(move: Move) -> Change:
    def change(job: Job, kind: JobKind, _visit: Visit) -> Job:
        try:
            return msgspec.structs.replace(moved(job, kind.path, move), not_before=None)
        except IllegalMove as exc:
            raise JobNotMovable(str(exc)) from exc

    return change
