"""Ways to lead a job to each of its steps, those included that it passes only when something has gone wrong."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from visitbridge.domain.job_states import Path
from visitbridge.sim.card import Pull, PullMoment

ASKING = "GET /receipts/{key}"


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """``first``: what the portal does to the first request that decides about the job. ``asked``: to the first
    question by key. ``pull``: the card leaves, counted from the first command that may change it.
    """

    name: str
    first: str = ""
    asked: str = ""
    pull: Pull | None = None


_STRAIGHT = Way(name="straight")
_BUSY = Way(name="busy", first="unavailable_503")
_REFUSED = Way(name="refused", first="reject")
_TORN = Pull(PullMoment.DURING, 1)

WAYS: Mapping[Path, tuple[Way, ...]] = {
    Path.UPLOAD: (
        _STRAIGHT,
        Way(name="reply lost", first="lose_reply"),
        Way(name="request lost", first="refuse"),
        Way(name="reply lost, then busy", first="lose_reply", asked="unavailable_503"),
        _REFUSED,
    ),
    Path.CARD: (
        _STRAIGHT,
        _BUSY,
        Way(name="torn", pull=_TORN),
        Way(name="pulled before it changed", pull=Pull(PullMoment.BEFORE, 1)),
        Way(name="torn, then busy", pull=_TORN, asked="unavailable_503"),
        _REFUSED,
    ),
    Path.QUERY: (_STRAIGHT, _BUSY, _REFUSED),
}
"""The first that passes a step is the one by which the matrix goes there."""
