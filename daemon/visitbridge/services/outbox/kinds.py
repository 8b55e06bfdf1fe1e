"""What a kind of job is. A new kind is one registration; the engine does not change."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

import msgspec

from visitbridge.domain.ids import new_id
from visitbridge.domain.job_states import Move, Path, moved
from visitbridge.domain.jobs import Job, JobState, Need
from visitbridge.domain.visit import Visit
from visitbridge.errors import KeyConflict
from visitbridge.protocols.datacentre.common import Receipt, digest_of
from visitbridge.services.outbox.steps import LEASE, StepName
from visitbridge.services.outbox.work import Work


class Lane(enum.StrEnum):
    """What limits how many run at once: the link's concurrency, or one per card."""

    LINK = "link"
    CARD = "card"


class Handler(Protocol):
    """Carries a job out. Both end with the job settled or raise a VisitBridgeError, which the engine records."""

    @property
    def steps(self) -> tuple[str, ...]:
        """Every step that either method can pass, endings included."""
        ...

    async def attempt(self, work: Work) -> None:
        """Do it; the job is ``leased``."""
        ...

    async def settle(self, work: Work) -> None:
        """Find out whether it was done; the job is ``unknown`` or ``written``."""
        ...


Effect = Callable[[Visit, Receipt, dt.datetime], Visit | None]
"""What a receipt changes in its visit (a new revision), or None."""


_CLEAN: Mapping[str, object] = {
    "leased_by": "",
    "interruptions": 0,
    "not_before": None,
    "needs_person": False,
    "error_code": "",
    "error_field": "",
    "error_words": "",
}
"""What a job looks like once nothing is the matter with it."""


def clean(job: Job, **changes: object) -> Job:
    """The job without any trace of trouble."""
    return msgspec.structs.replace(job, **{**_CLEAN, **changes})


Build = Callable[[Visit, Mapping[str, Receipt]], bytes]
"""The body for a visit as it is now, with the receipts of its other jobs by kind. Pure; raises FieldInvalid
or UploadUnfit naming what cannot be sent."""


class JobKind(msgspec.Struct, frozen=True, kw_only=True):
    """One registration.

    ``position`` orders the jobs of a visit. ``requires``: kinds of the same visit that have to be settled
    first whatever happens. ``needs`` of a first attempt; an attempt in doubt needs ``ask_needs`` until the
    question is answered. ``due_after_s`` counts from the visit's time (N12). ``receipt_kind`` as the data
    centre names it, empty for questions. ``build``: what an upload's key stands for, built when it first
    goes out; without it the body comes with the event that makes the job.
    """

    name: str
    position: int
    path: Path
    lane: Lane
    handler: Handler
    needs: Callable[[Visit], tuple[Need, ...]]
    ask_needs: tuple[Need, ...]
    receipt_kind: str = ""
    requires: frozenset[str] = frozenset()
    due_after_s: float = 24 * 3600.0
    effect: Effect | None = None
    build: Build | None = None

    def due_at(self, visit: Visit) -> dt.datetime:
        return visit.visit_at + dt.timedelta(seconds=self.due_after_s)

    def new_job(
        self, visit: Visit, now: dt.datetime, *, position: int | None = None, payload: bytes = b""
    ) -> Job:
        """A queued row with a fresh key.

        ``position`` where this one goes elsewhere in the visit's order; ``payload`` for what does not follow
        from the visit (a delivery event).
        """
        return Job(
            job_id=new_id(now),
            kind=self.name,
            key=new_id(now),
            visit_id=visit.visit_id,
            position=self.position if position is None else position,
            state=JobState.QUEUED,
            needs=self.needs(visit),
            payload=payload,
            digest=digest_of(payload) if payload else "",
            revision=1,
            created_at=now,
            due_at=self.due_at(visit),
        )

    def revise(self, job: Job, visit: Visit, now: dt.datetime) -> Job:
        """The row for ``visit`` as it is now: a new key, the old one to be asked about first.

        Raises IllegalMove for a job that may have had an effect.
        """
        fresh = self.new_job(
            visit, now, payload=b"" if self.build is not None or self.path is not Path.UPLOAD else job.payload
        )
        return clean(
            moved(job, self.path, Move.REVISE),
            key=fresh.key,
            former_key=job.key if _is_used(job) else job.former_key,
            payload=fresh.payload,
            digest=fresh.digest,
            needs=fresh.needs,
            revision=job.revision + 1,
            attempts=0,
        )


def _is_used(job: Job) -> bool:
    """Whether the other side may know this key, or a person has decided about the one before it.

    A key without a body never went out: what has to be asked about before the next one is what it was to replace.
    """
    return bool(job.payload) or not job.former_key or job.error_code == KeyConflict.code


class Kinds:
    """The registered kinds by name."""

    def __init__(self, kinds: Iterable[JobKind]) -> None:
        self._kinds: dict[str, JobKind] = {}
        for kind in kinds:
            if kind.name in self._kinds:
                raise ValueError(f"two job kinds are called {kind.name}")
            self._kinds[kind.name] = kind

    def __iter__(self) -> Iterator[JobKind]:
        return iter(self._kinds.values())

    def __getitem__(self, name: str) -> JobKind:
        return self._kinds[name]

    def find(self, name: str) -> JobKind | None:
        """None for a kind of a newer program whose rows are still here."""
        return self._kinds.get(name)

    def steps(self) -> tuple[StepName, ...]:
        """Every named step of every kind, in the order of the kinds."""
        return tuple(StepName(kind.name, step) for kind in self for step in (LEASE, *kind.handler.steps))
