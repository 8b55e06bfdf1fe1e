"""Which move takes a job from which state to which: the whole life of a job as one table.

A move that is not in the table does not exist; asking for it is a programming error and raises IllegalMove.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from visitbridge.domain.jobs import Job, JobState


class Path(enum.StrEnum):
    """What carrying out a job does to the world, which decides what doubt costs.

    ``UPLOAD``: one request whose receiver is idempotent by key. ``CARD``: a script that changes a card.
    ``QUERY``: a question; asking twice is harmless, so it is never in doubt.
    """

    UPLOAD = "upload"
    CARD = "card"
    QUERY = "query"


class Move(enum.StrEnum):
    """``LEASE`` on ``unknown`` and ``written`` takes the job to ask about it, not to act again.

    ``PUT_BACK``: known to have had no effect. ``DOUBT``: it may have had one. ``DEFER``: still in doubt, ask
    again later. ``RESEND``: the other side's new epoch does not know it any more.
    """

    LEASE = "lease"
    PREPARE = "prepare"
    EXECUTE = "execute"
    WRITE = "write"
    CONFIRM = "confirm"
    PUT_BACK = "put_back"
    DOUBT = "doubt"
    DEFER = "defer"
    REJECT = "reject"
    REVISE = "revise"
    HOLD = "hold"
    RELEASE = "release"
    HAND_OFF = "hand_off"
    TAKE_BACK = "take_back"
    RESEND = "resend"


class IllegalMove(Exception):
    """A move that the table does not have: a fault of the program, never of data."""


_S, _M = JobState, Move

_EVERY_PATH: Mapping[tuple[JobState, Move], JobState] = {
    (_S.QUEUED, _M.LEASE): _S.LEASED,
    (_S.QUEUED, _M.REVISE): _S.QUEUED,
    (_S.QUEUED, _M.HOLD): _S.HELD,
    (_S.QUEUED, _M.HAND_OFF): _S.HANDED_OFF,
    (_S.LEASED, _M.PUT_BACK): _S.QUEUED,
    (_S.LEASED, _M.REJECT): _S.REJECTED,
    (_S.REJECTED, _M.REVISE): _S.QUEUED,
    (_S.REJECTED, _M.HAND_OFF): _S.HANDED_OFF,
    (_S.HELD, _M.RELEASE): _S.QUEUED,
    (_S.HELD, _M.REVISE): _S.HELD,
    (_S.HELD, _M.HAND_OFF): _S.HANDED_OFF,
    (_S.HANDED_OFF, _M.TAKE_BACK): _S.QUEUED,
}

_IN_DOUBT: Mapping[tuple[JobState, Move], JobState] = {
    (_S.EXECUTING, _M.DOUBT): _S.UNKNOWN,
    (_S.UNKNOWN, _M.LEASE): _S.UNKNOWN,
    (_S.UNKNOWN, _M.DEFER): _S.UNKNOWN,
    (_S.UNKNOWN, _M.PUT_BACK): _S.QUEUED,
    (_S.UNKNOWN, _M.CONFIRM): _S.CONFIRMED,
}

_TABLE: Mapping[Path, Mapping[tuple[JobState, Move], JobState]] = MappingProxyType(
    {
        Path.UPLOAD: {
            **_EVERY_PATH,
            **_IN_DOUBT,
            (_S.LEASED, _M.EXECUTE): _S.EXECUTING,
            (_S.EXECUTING, _M.CONFIRM): _S.CONFIRMED,
            (_S.EXECUTING, _M.PUT_BACK): _S.QUEUED,
            (_S.EXECUTING, _M.REJECT): _S.REJECTED,
            (_S.CONFIRMED, _M.RESEND): _S.QUEUED,
            (_S.HANDED_OFF, _M.CONFIRM): _S.CONFIRMED,
            (_S.HANDED_OFF, _M.REJECT): _S.REJECTED,
        },
        # From executing on, a card job is settled by a receipt or by reading the card, never by an error.
        Path.CARD: {
            **_EVERY_PATH,
            **_IN_DOUBT,
            (_S.LEASED, _M.PREPARE): _S.PREPARED,
            (_S.PREPARED, _M.PUT_BACK): _S.QUEUED,
            (_S.PREPARED, _M.REJECT): _S.REJECTED,
            (_S.PREPARED, _M.EXECUTE): _S.EXECUTING,
            # The card already held the record: nothing mutating left the box.
            (_S.PREPARED, _M.WRITE): _S.WRITTEN,
            (_S.EXECUTING, _M.WRITE): _S.WRITTEN,
            (_S.UNKNOWN, _M.WRITE): _S.WRITTEN,
            (_S.WRITTEN, _M.LEASE): _S.WRITTEN,
            (_S.WRITTEN, _M.DEFER): _S.WRITTEN,
            (_S.WRITTEN, _M.CONFIRM): _S.CONFIRMED,
            # The record is on the card; only the other side's memory of it is gone.
            (_S.CONFIRMED, _M.RESEND): _S.WRITTEN,
        },
        Path.QUERY: {
            **_EVERY_PATH,
            (_S.LEASED, _M.CONFIRM): _S.CONFIRMED,
        },
    }
)

AFTER_A_CRASH: Mapping[JobState, Move] = MappingProxyType(
    {_S.LEASED: _M.PUT_BACK, _S.PREPARED: _M.PUT_BACK, _S.EXECUTING: _M.DOUBT}
)
"""What becomes of a lease whose run is over. ``executing`` is durable before anything leaves the box, so what
was only leased or prepared had no effect."""

STARTABLE = frozenset({_S.QUEUED, _S.UNKNOWN, _S.WRITTEN})
"""States that a lease can start from."""

IN_FLIGHT = frozenset({_S.LEASED, _S.PREPARED, _S.EXECUTING})


def table(path: Path) -> Mapping[tuple[JobState, Move], JobState]:
    return _TABLE[path]


def allows(path: Path, state: JobState, move: Move) -> bool:
    return (state, move) in _TABLE[path]


def next_state(path: Path, state: JobState, move: Move) -> JobState:
    """Raises IllegalMove."""
    try:
        return _TABLE[path][state, move]
    except KeyError:
        raise IllegalMove(f"{path}: no {move} from {state}") from None


def moved(job: Job, path: Path, move: Move, **changes: object) -> Job:
    """The row after ``move``, with ``changes`` to its other fields. Raises IllegalMove."""
    return msgspec.structs.replace(job, state=next_state(path, job.state, move), **changes)
