"""What an error means for the job in hand: put back, reject, doubt, or ask again later."""

from __future__ import annotations

import msgspec

from visitbridge.domain.backoff import BackoffClass
from visitbridge.domain.job_states import Move, Path
from visitbridge.domain.jobs import JobState
from visitbridge.errors import (
    AccessError,
    CardError,
    ClockUntrusted,
    DataCentreBusy,
    DeviceDisabled,
    DeviceError,
    LinkError,
    NotBound,
    Retry,
    SamNotVerified,
    StaffTokenRefused,
    VisitBridgeError,
)

_SURROUNDINGS = (
    AccessError,
    CardError,
    ClockUntrusted,
    DataCentreBusy,
    DeviceDisabled,
    DeviceError,
    LinkError,
    NotBound,
    SamNotVerified,
    StaffTokenRefused,
)
"""Errors that say nothing against the item itself: it stays as it is and waits."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """``needs_person``: shown as 需處理; nothing the box does by itself will help."""

    move: Move
    backoff: BackoffClass
    needs_person: bool


def judge(path: Path, state: JobState, error: VisitBridgeError) -> Verdict:
    """Pure. ``state`` is the durable state of the job when ``error`` was raised."""
    surroundings = isinstance(error, _SURROUNDINGS)
    stuck = error.retry is Retry.NEVER
    if state in {JobState.UNKNOWN, JobState.WRITTEN}:
        move = Move.DEFER
    elif state is JobState.EXECUTING and (path is Path.CARD or error.retry is Retry.UNKNOWN):
        return Verdict(move=Move.DOUBT, backoff=BackoffClass.ASK, needs_person=False)
    elif stuck and not surroundings:
        move = Move.REJECT
    else:
        move = Move.PUT_BACK
    return Verdict(move=move, backoff=_backoff(error, stuck=stuck), needs_person=stuck)


def _backoff(error: VisitBridgeError, *, stuck: bool) -> BackoffClass:
    """A refused token is soon replaced by a new sign-in, which no need can tell from the old one."""
    if stuck and not isinstance(error, StaffTokenRefused):
        return BackoffClass.PERSON
    if isinstance(error, LinkError):
        return BackoffClass.LINK
    if isinstance(error, DataCentreBusy):
        return BackoffClass.BUSY
    if error.retry is Retry.UNKNOWN:
        return BackoffClass.ASK
    return BackoffClass.DEVICE
