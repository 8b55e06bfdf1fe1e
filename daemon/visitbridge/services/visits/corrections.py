"""Correcting a finished visit of which something was sent back (N11): the old version stays, keys are new."""

from __future__ import annotations

import datetime as dt

from visitbridge.domain.job_states import Move, allows
from visitbridge.domain.jobs import Job, JobState
from visitbridge.domain.visit import Visit
from visitbridge.errors import JobNotMovable, Retry, VisitClosed
from visitbridge.ports.store import Transaction
from visitbridge.services.outbox.kinds import Kinds


def revise_open_jobs(tx: Transaction, visit: Visit, kinds: Kinds, now: dt.datetime) -> tuple[Job, ...]:
    """Bind every job that has had no effect to the corrected visit, under a new key.

    What was confirmed stays as it was. Raises VisitClosed when nothing was sent back, JobNotMovable while a
    job is under way or in doubt: its outcome has to be known before its content changes.
    """
    jobs = tx.jobs.of_visit(visit.visit_id)
    if not any(job.state is JobState.REJECTED for job in jobs):
        raise VisitClosed
    again = []
    for job in jobs:
        kind = kinds[job.kind]
        if not job.state.is_open:
            continue
        if not allows(kind.path, job.state, Move.REVISE):
            raise JobNotMovable(f"{job.kind} is {job.state.value}", retry=Retry.LATER)
        revised = kind.revise(job, visit, now)
        tx.jobs.replace(revised, fence=job.fence)
        again.append(revised)
    return tuple(again)
