"""What a run of the engine holds while it acts on a job."""

from __future__ import annotations

import msgspec

from visitbridge.domain.jobs import Job
from visitbridge.domain.visit import Visit
from visitbridge.protocols.datacentre.common import Receipt


class LeaseLost(Exception):
    """Somebody else owns the row now; what this holder found out must not be written."""


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """A job this run may act on, with its visit and, before its body is built, the receipts of the visit's
    other jobs by kind. ``retimed``: other jobs of the visit whose deadline moved with the visit's time.
    """

    job: Job
    visit: Visit
    receipts: dict[str, Receipt]
    retimed: tuple[Job, ...]


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """``following``: the lease that shared the commit, when one was wanted and could be had."""

    job: Job
    visit: Visit
    following: Lease | None
