"""Problem documents of the data centre → this daemon's errors."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from visitbridge.errors import (
    BindRefused,
    BoundElsewhere,
    DataCentreBusy,
    DataCentreGarbled,
    DeviceDisabled,
    KeyConflict,
    NotBound,
    PinBlocked,
    PinWrong,
    Rejected,
    Retry,
    RightMissing,
    SamNotVerified,
    StaffTokenRefused,
    VisitBridgeError,
    WrongCard,
)
from visitbridge.protocols.datacentre.common import Problem, ProblemCode

_LONGEST_WAIT_S = 86_400.0


def error_of(status: int, headers: Mapping[str, str], body: bytes, *, repeatable: bool) -> VisitBridgeError:
    """The error for an answer with ``status`` ≥ 400.

    A body that is no problem document leaves open whether the request acted, unless it is ``repeatable`` or
    the status alone says that it did not (429, 503).
    """
    retry_after_s = _seconds(headers.get("Retry-After", ""))
    if status in (429, 503):
        return DataCentreBusy(f"status {status}", retry_after_s=retry_after_s)
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        if repeatable:
            return DataCentreBusy(f"status {status}", retry_after_s=retry_after_s)
        return DataCentreGarbled(f"status {status} without a problem document")
    return _known(problem) or _by_retry(problem, retry_after_s)


def refusal_of(problem: Problem) -> VisitBridgeError:
    """The error for a refusal that is told later, as it would have been for the request itself."""
    return _known(problem) or _by_retry(problem, None)


def _known(problem: Problem) -> VisitBridgeError | None:
    match problem.code:
        case ProblemCode.DEVICE_DISABLED:
            return DeviceDisabled()
        case ProblemCode.SAM_REQUIRED:
            return SamNotVerified()
        case ProblemCode.STAFF_REQUIRED:
            return StaffTokenRefused()
        case ProblemCode.RIGHT_MISSING:
            return RightMissing(params={"right": problem.field})
        case ProblemCode.KEY_CONFLICT:
            return KeyConflict()
        case ProblemCode.CARD_MISMATCH:
            return WrongCard("refused by the data centre")
        case ProblemCode.BIND_REFUSED:
            return BindRefused(params=_tries(problem))
        case ProblemCode.BOUND_ELSEWHERE:
            return BoundElsewhere(problem.code)
        case "certificate_required" | "certificate_refused":
            return NotBound(problem.code)
        case "5102":
            return PinWrong(params=_tries(problem))
        case "5122":
            return PinBlocked()
    return None


def _by_retry(problem: Problem, retry_after_s: float | None) -> VisitBridgeError:
    if problem.retry == "later":
        return DataCentreBusy(problem.code, retry_after_s=retry_after_s)
    if problem.retry == "unknown":
        return DataCentreGarbled(problem.code)
    return Rejected(
        problem.code,
        insurer_code=problem.code,
        words=problem.words or problem.title,
        field=problem.field or None,
        retry=Retry.NEVER,
    )


def _tries(problem: Problem) -> dict[str, str | int]:
    return {} if problem.tries_left is None else {"tries_left": problem.tries_left}


def _seconds(text: str) -> float | None:
    """Of a ``Retry-After``, a day at the most: a number without bounds is no time that anything could wait."""
    if not (text.isascii() and text.isdigit()):
        return None
    return min(float(text), _LONGEST_WAIT_S)
