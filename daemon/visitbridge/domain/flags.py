"""The four flags of a visit, derived from its jobs (ux §3.6: 已存 · 寫卡 · VPN · IC, never one tick)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from visitbridge.domain.jobs import JobState
from visitbridge.domain.visit import FlagState, VisitFlags

_FlagName = Literal["card", "vpn", "ic"]

_STATES: Final = {
    JobState.QUEUED: FlagState.WAITING,
    JobState.LEASED: FlagState.WORKING,
    JobState.PREPARED: FlagState.WORKING,
    JobState.EXECUTING: FlagState.WORKING,
    JobState.WRITTEN: FlagState.WORKING,
    JobState.CONFIRMED: FlagState.DONE,
    JobState.UNKNOWN: FlagState.WAITING,
    JobState.REJECTED: FlagState.ATTENTION,
    JobState.HELD: FlagState.ATTENTION,
    JobState.HANDED_OFF: FlagState.WAITING,
}
_UPLOADS: Final[dict[str, _FlagName]] = {"upload.visit": "vpn", "upload.ic": "ic"}
# The first of these that any job of the flag is in decides.
_BY_WEIGHT: Final = (FlagState.ATTENTION, FlagState.WORKING, FlagState.WAITING, FlagState.DONE)


def visit_flags(jobs: Iterable[tuple[str, JobState]]) -> VisitFlags:
    """Flags of a visit that is in the store, from its jobs as (kind, state).

    Kinds ``card.*`` make the card flag, ``upload.visit`` VPN, ``upload.ic`` IC; others have none. ATTENTION
    where a person has to act (also on what a person holds back, since it will not move by itself). A job
    handed to another box counts as waiting until it is acknowledged.
    """
    found: dict[_FlagName, set[FlagState]] = {"card": set(), "vpn": set(), "ic": set()}
    for kind, state in jobs:
        name = _flag_of(kind)
        if name is not None:
            found[name].add(_STATES[state])
    return VisitFlags(
        saved=FlagState.DONE,
        card=_heaviest(found["card"]),
        vpn=_heaviest(found["vpn"]),
        ic=_heaviest(found["ic"]),
    )


def _flag_of(kind: str) -> _FlagName | None:
    if kind.startswith("card."):
        return "card"
    return _UPLOADS.get(kind)


def _heaviest(states: set[FlagState]) -> FlagState:
    return next((state for state in _BY_WEIGHT if state in states), FlagState.NOT_WANTED)
