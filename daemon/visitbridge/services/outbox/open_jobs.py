"""The engine's index of visits with open jobs: what may start now, what waits and why.

A copy for speed; the store is the truth. It is filled from the store at every start and follows each commit;
a lease checks the row itself, so a stale entry can delay a job and never harm it.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from visitbridge.domain.flags import visit_flags
from visitbridge.domain.job_states import STARTABLE
from visitbridge.domain.jobs import Job, Need
from visitbridge.domain.people import mask_name
from visitbridge.domain.readiness import People, Reason, reasons
from visitbridge.domain.visit import Visit
from visitbridge.services.outbox.kinds import JobKind, Kinds, Lane
from visitbridge.services.outbox.views import wants_person
from visitbridge.services.topics import VisitNotice

_Order = tuple[dt.datetime, dt.datetime, int, str]


@dataclass(slots=True)
class Entry:
    """One open job without its payload. ``wait_until_s``: monotonic seconds. ``busy``: a worker has it.

    ``stranded``: its worker could not record how it went. ``missing``: a need did not hold when last looked.
    """

    job: Job
    kind: JobKind | None
    visit: OpenVisitEntry
    wait_until_s: float = 0.0
    busy: bool = False
    stranded: bool = False
    missing: bool = False
    held_off: bool = False

    @property
    def lane(self) -> Lane | None:
        return self.kind.lane if self.kind else None

    @property
    def order(self) -> _Order:
        """By deadline, then age, then the steps of a visit as they follow each other."""
        return (self.job.due_at, self.job.created_at, self.job.position, self.job.job_id)


@dataclass(slots=True)
class OpenVisitEntry:
    """What the index keeps of a visit; ``jobs`` holds its settled ones too, while any is open."""

    visit: Visit
    people: People
    jobs: dict[str, Job] = field(default_factory=dict)
    announced: VisitNotice | None = None

    def earlier_than(self, job: Job) -> list[Job]:
        return [other for other in self.jobs.values() if other.position < job.position]

    def notice(self) -> VisitNotice:
        return VisitNotice(
            visit_id=self.visit.visit_id,
            revision=self.visit.revision,
            state=self.visit.state,
            flags=visit_flags((job.kind, job.state) for job in self.jobs.values()),
        )


class OpenJobs:
    """``holds`` answers for one need; ``monotonic`` is the clock's."""

    def __init__(self, kinds: Kinds, holds: Callable[[Need], bool], monotonic: Callable[[], float]) -> None:
        self._kinds = kinds
        self._holds = holds
        self._monotonic = monotonic
        self._entries: dict[str, Entry] = {}
        self._visits: dict[str, OpenVisitEntry] = {}
        self._order: list[_Order] = []
        self._attention: set[str] = set()
        self._leased: set[str] = set()

    @property
    def attention(self) -> int:
        """How many items wait for a person."""
        return len(self._attention)

    @property
    def sending(self) -> int:
        """How many items are under way."""
        return len(self._leased)

    def oldest(self) -> Entry | None:
        """The item with the nearest deadline."""
        return self._entries[self._order[0][-1]] if self._order else None

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        """By deadline, then age, then the steps of a visit as they follow each other."""
        for *_, job_id in tuple(self._order):
            entry = self._entries.get(job_id)
            if entry is not None:
                yield entry

    def clear(self) -> None:
        self._entries.clear()
        self._visits.clear()
        self._order.clear()
        self._attention.clear()
        self._leased.clear()

    def get(self, job_id: str) -> Entry | None:
        return self._entries.get(job_id)

    def put(self, visit: Visit, jobs: Iterable[Job]) -> OpenVisitEntry:
        """Take a visit and its jobs as they now are; settled ones leave with the last open one."""
        people = People(patient=mask_name(visit.patient.name), practitioner=visit.practitioner.name)
        held = self._visits.setdefault(visit.visit_id, OpenVisitEntry(visit=visit, people=people))
        if visit.revision >= held.visit.revision:
            held.visit = visit
        for job in jobs:
            slim = msgspec.structs.replace(job, payload=b"")
            held.jobs[job.job_id] = slim
            if job.state.is_open:
                self._keep(slim, held)
            else:
                self._drop(job.job_id)
        if not any(job.state.is_open for job in held.jobs.values()):
            del self._visits[visit.visit_id]
        return held

    def waiting_for(self, entry: Entry) -> Iterator[Reason]:
        """Nothing when the job may start now."""
        if entry.kind is None:
            return iter((Reason(code="waiting.software"),))
        return reasons(
            entry.job,
            entry.visit.earlier_than(entry.job),
            requires=entry.kind.requires,
            people=entry.visit.people,
            holds=self._holds,
            backing_off=self._monotonic() < entry.wait_until_s,
        )

    def may_start(self, entry: Entry) -> bool:
        """Whether a worker may take it; a job whose needs have just come to hold does not wait out its back-off.

        The other side's own Retry-After (``held_off``) is waited out all the same.
        """
        if entry.busy or entry.kind is None or entry.job.state not in STARTABLE:
            return False
        if not all(map(self._holds, entry.job.needs)):
            entry.missing = True
            return False
        if entry.missing and not entry.held_off:
            entry.wait_until_s = 0.0
        entry.missing = False
        return next(self.waiting_for(entry), None) is None

    def _keep(self, job: Job, visit: OpenVisitEntry) -> None:
        entry = self._entries.get(job.job_id)
        if entry is None:
            entry = self._entries[job.job_id] = Entry(job=job, kind=self._kinds.find(job.kind), visit=visit)
            bisect.insort(self._order, entry.order)
        former = entry.order
        entry.job = job
        entry.visit = visit
        if entry.order != former:
            self._leave_order(former)
            bisect.insort(self._order, entry.order)
        _mark(self._attention, job.job_id, is_in=wants_person(job))
        _mark(self._leased, job.job_id, is_in=bool(job.leased_by))

    def _drop(self, job_id: str) -> None:
        self._attention.discard(job_id)
        self._leased.discard(job_id)
        entry = self._entries.pop(job_id, None)
        if entry is not None:
            self._leave_order(entry.order)

    def _leave_order(self, order: _Order) -> None:
        del self._order[bisect.bisect_left(self._order, order)]


def _mark(marked: set[str], job_id: str, *, is_in: bool) -> None:
    if is_in:
        marked.add(job_id)
    else:
        marked.discard(job_id)
