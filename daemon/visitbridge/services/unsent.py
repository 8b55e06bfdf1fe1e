"""What would be lost if the box were gone this moment: open items and drafts (B11)."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from visitbridge.domain.jobs import JobState
from visitbridge.domain.visit import VisitState
from visitbridge.ports.store import Store, Transaction

_OPEN: Final = tuple(state for state in JobState if state.is_open)
_MOST: Final = 100_000


class Unsent(msgspec.Struct, frozen=True, kw_only=True):
    """``items``: neither acknowledged nor handed off. ``drafts``: visits not finished. ``oldest_at``: earliest visit time."""

    items: int = 0
    drafts: int = 0
    oldest_at: dt.datetime | None = None

    @property
    def count(self) -> int:
        return self.items + self.drafts


async def count_unsent(store: Store) -> Unsent:
    return await store.read(_count)


def _count(tx: Transaction) -> Unsent:
    jobs = tx.jobs.in_states(_OPEN)
    drafts = tx.visits.summaries(state=VisitState.DRAFT, limit=_MOST)
    visits = (tx.visits.get(visit_id) for visit_id in dict.fromkeys(job.visit_id for job in jobs))
    times = [visit.visit_at for visit in visits if visit is not None]
    times += [draft.visit_at for draft in drafts]
    return Unsent(items=len(jobs), drafts=len(drafts), oldest_at=min(times, default=None))
