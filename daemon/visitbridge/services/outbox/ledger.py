"""Every durable change of a job, each one transaction. Nothing else in the daemon writes job rows once they exist,
but :mod:`visitbridge.services.outbox.handoff`, which lets them leave.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence

import msgspec

from visitbridge.domain.job_states import AFTER_A_CRASH, IN_FLIGHT, STARTABLE, Move, Path, moved
from visitbridge.domain.jobs import Job, JobState
from visitbridge.domain.visit import Visit
from visitbridge.errors import NotFound, VisitBridgeError
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.common import Receipt, digest_of
from visitbridge.services.outbox.kinds import JobKind, Kinds, clean
from visitbridge.services.outbox.leases import Confirmed, Lease, LeaseLost
from visitbridge.services.true_time import in_true_time

LAST_SUCCESS = "outbox.last_success_at"
"""Setting: when a job was last confirmed, ISO 8601 in UTC."""

_OPEN = tuple(state for state in JobState if state.is_open)


Change = Callable[[Job, JobKind, Visit], Job]
"""What a person's act makes of a row; raises when it cannot be done."""


class OpenVisit(msgspec.Struct, frozen=True, kw_only=True):
    """A visit with at least one open job, and all of its jobs."""

    visit: Visit
    jobs: tuple[Job, ...]


class Ledger:
    """``run_id`` names this run of the engine; leases of any other run are over."""

    def __init__(self, store: Store, clock: Clock, kinds: Kinds, *, run_id: str) -> None:
        self._store = store
        self._clock = clock
        self._kinds = kinds
        self._run_id = run_id

    async def recover(self) -> int:
        """End the leases of former runs, in one transaction. Returns how many there were."""
        return await self._store.write(self._recover_all)

    async def recover_one(self, job_id: str) -> None:
        """End this run's own lease on a job whose holder could not record how it went."""

        def work(tx: Transaction) -> None:
            self._end_lease(tx, _existing(tx, job_id), interruptions=0)

        await self._store.write(work)

    async def open_visits(self) -> tuple[OpenVisit, ...]:
        """Everything the engine has to keep in mind."""

        def work(tx: Transaction) -> tuple[OpenVisit, ...]:
            visit_ids = dict.fromkeys(job.visit_id for job in tx.jobs.in_states(_OPEN))
            return tuple(
                OpenVisit(visit=_visit(tx, visit_id), jobs=tuple(tx.jobs.of_visit(visit_id)))
                for visit_id in visit_ids
            )

        return await self._store.read(work)

    async def open_visit(self, visit_id: str) -> OpenVisit:
        """One visit with all of its jobs, as stored."""

        def work(tx: Transaction) -> OpenVisit:
            return OpenVisit(visit=_visit(tx, visit_id), jobs=tuple(tx.jobs.of_visit(visit_id)))

        return await self._store.read(work)

    async def last_success_at(self) -> dt.datetime | None:
        text = await self._store.read(lambda tx: tx.settings.get(LAST_SUCCESS))
        return None if text is None else dt.datetime.fromisoformat(json.loads(text))

    async def lease(self, job_id: str) -> Lease | None:
        """None when the row is no longer one that can be started."""
        return await self._store.write(lambda tx: self._lease(tx, job_id))

    async def move(
        self, job: Job, path: Path, move: Move, changes: Mapping[str, object], *, who: str = ""
    ) -> Job:
        """Record a move of a leased job. ``who`` audits it. Raises LeaseLost, IllegalMove."""

        def work(tx: Transaction) -> Job:
            after = moved(job, path, move, **changes)
            _replace(tx, after, fence=job.fence)
            if who:
                self._audit(tx, after, act=f"outbox.{move.value}", who=who, why=after.error_code)
            return after

        return await self._store.write(work)

    async def confirm(
        self, job: Job, kind: JobKind, receipt: Receipt | None, *, result: str = "", then: str | None = None
    ) -> Confirmed:
        """Receipt, job, what the receipt changes in the visit, and audit entry: one commit, or none of it.

        ``then``: a job to lease in the same commit, ready to be sent where that can be. Raises LeaseLost.
        """
        now = self._clock.now()

        def work(tx: Transaction) -> Confirmed:
            settled = job.settled_at or now
            after = clean(moved(job, kind.path, Move.CONFIRM), settled_at=settled, result=result)
            _replace(tx, after, fence=job.fence)
            visit = _visit(tx, job.visit_id)
            if receipt is not None:
                tx.receipts.add(receipt, job_id=job.job_id)
                changed = kind.effect(visit, receipt, now) if kind.effect else None
                if changed is not None:
                    tx.visits.put(changed)
                    visit = changed
            tx.settings.set(LAST_SUCCESS, json.dumps(now.isoformat()))
            self._audit(tx, after, act=f"outbox.confirm.{job.kind}", who="box")
            following = self._lease_to_send(tx, then) if then is not None else None
            return Confirmed(job=after, visit=visit, following=following)

        return await self._store.write(work)

    async def former(self, job_id: str) -> Job | None:
        """The version that went out under the former key of a job, as it was when it was replaced."""

        def work(tx: Transaction) -> Job | None:
            present = _existing(tx, job_id)
            return next((old for old in tx.jobs.revisions(job_id) if old.key == present.former_key), None)

        return await self._store.read(work)

    async def act(self, job_id: str, change: Change, *, act: str, who: str, phone_id: str) -> Job:
        """A person's act on a job that nobody holds; ``change`` raises when it cannot be done.

        The fence grows, so that a holder that is not known of loses its lease.
        """

        def work(tx: Transaction) -> Job:
            before = _existing(tx, job_id)
            after = change(before, self._kinds[before.kind], _visit(tx, before.visit_id))
            after = msgspec.structs.replace(after, fence=before.fence + 1)
            _replace(tx, after, fence=before.fence)
            self._audit(tx, after, act=act, who=who, phone_id=phone_id)
            return after

        return await self._store.write(work)

    async def resend(self, keys: Sequence[str], *, held: Sequence[str], epoch: str) -> tuple[Job, ...]:
        """Queue again, under the same keys, what ``epoch`` does not hold, and note what it does."""

        def work(tx: Transaction) -> tuple[Job, ...]:
            tx.receipts.confirm(held, epoch)
            found = (tx.jobs.by_key(key) for key in keys)
            return tuple(self._resend(tx, job) for job in found if job and job.state is JobState.CONFIRMED)

        return await self._store.write(work)

    def _resend(self, tx: Transaction, job: Job) -> Job:
        kind = self._kinds[job.kind]
        after = moved(job, kind.path, Move.RESEND, fence=job.fence + 1, attempts=0, needs=kind.ask_needs)
        _replace(tx, after, fence=job.fence)
        self._audit(tx, after, act=f"outbox.resend.{job.kind}", who="box", why="epoch")
        return after

    def _lease(self, tx: Transaction, job_id: str) -> Lease | None:
        job = _existing(tx, job_id)
        if job.state not in STARTABLE or job.leased_by == self._run_id:
            return None
        visit, retimed = self._visit_in_true_time(tx, job)
        kind = self._kinds[job.kind]
        after = moved(
            job,
            kind.path,
            Move.LEASE,
            fence=job.fence + 1,
            leased_by=self._run_id,
            attempts=job.attempts + 1,
            due_at=kind.due_at(visit),
        )
        _replace(tx, after, fence=job.fence)
        receipts = {} if job.payload else _receipts(tx, job.visit_id)
        return Lease(job=after, visit=visit, receipts=receipts, retimed=retimed)

    def _lease_to_send(self, tx: Transaction, job_id: str) -> Lease | None:
        """A lease that is ready to go out: body bound and ``executing`` in the same commit, where that can be.

        What has no body of its own making, or cannot be built, comes as a plain lease; its handler says why.
        """
        lease = self._lease(tx, job_id)
        if lease is None or lease.job.state is not JobState.LEASED or lease.job.former_key:
            return lease
        kind = self._kinds[lease.job.kind]
        try:
            body = lease.job.payload or (kind.build(lease.visit, lease.receipts) if kind.build else b"")
        except VisitBridgeError:
            return lease
        if not body or kind.path is not Path.UPLOAD:
            return lease
        job = moved(lease.job, kind.path, Move.EXECUTE, payload=body, digest=digest_of(body))
        _replace(tx, job, fence=lease.job.fence)
        return msgspec.structs.replace(lease, job=job)

    def _visit_in_true_time(self, tx: Transaction, job: Job) -> tuple[Visit, tuple[Job, ...]]:
        """A time that was taken from an untrusted clock is set right before anything of it leaves the box.

        The visit, and its other open jobs where that moved their deadlines.
        """
        visit = _visit(tx, job.visit_id)
        corrected = in_true_time(tx, visit, self._clock)
        if corrected is None:
            return visit, ()
        tx.visits.put(corrected)
        others = [other for other in tx.jobs.of_visit(job.visit_id) if other.job_id != job.job_id]
        return corrected, tuple(self._retime(tx, other, corrected) for other in others if other.state.is_open)

    def _retime(self, tx: Transaction, job: Job, visit: Visit) -> Job:
        kind = self._kinds.find(job.kind)
        if kind is None:
            return job
        retimed = msgspec.structs.replace(job, due_at=kind.due_at(visit))
        _replace(tx, retimed, fence=job.fence)
        return retimed

    def _recover_all(self, tx: Transaction) -> int:
        held = [
            job
            for job in tx.jobs.in_states(tuple(STARTABLE | IN_FLIGHT))
            if job.leased_by and job.leased_by != self._run_id
        ]
        for job in held:
            self._end_lease(tx, job, interruptions=job.interruptions + 1)
        return len(held)

    def _end_lease(self, tx: Transaction, job: Job, *, interruptions: int) -> None:
        kind = self._kinds.find(job.kind)
        free = msgspec.structs.replace(
            job, fence=job.fence + 1, leased_by="", interruptions=interruptions, not_before=None
        )
        move = AFTER_A_CRASH.get(job.state)
        if kind is not None and move is not None:
            free = moved(free, kind.path, move)
            if move is Move.DOUBT:
                free = msgspec.structs.replace(free, needs=kind.ask_needs)
        _replace(tx, free, fence=job.fence)

    def _audit(
        self, tx: Transaction, job: Job, *, act: str, who: str, why: str = "", phone_id: str = ""
    ) -> None:
        now: dt.datetime = self._clock.now()
        tx.audit.append(AuditEntry(at=now, who=who, act=act, record=job.visit_id, why=why, phone_id=phone_id))


def _existing(tx: Transaction, job_id: str) -> Job:
    job = tx.jobs.get(job_id)
    if job is None:
        raise NotFound("outbox item", field="job_id")
    return job


def _visit(tx: Transaction, visit_id: str) -> Visit:
    visit = tx.visits.get(visit_id)
    if visit is None:
        raise NotFound("visit", field="visit_id")
    return visit


def _receipts(tx: Transaction, visit_id: str) -> dict[str, Receipt]:
    found = ((job.kind, tx.receipts.get(job.key)) for job in tx.jobs.of_visit(visit_id))
    return {kind: receipt for kind, receipt in found if receipt is not None}


def _replace(tx: Transaction, job: Job, *, fence: int) -> None:
    if not tx.jobs.replace(job, fence=fence):
        raise LeaseLost(job.job_id)
