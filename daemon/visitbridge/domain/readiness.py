"""Why a job does not run yet, as codes that the words catalogue turns into sentences.

The dispatcher and the screen use this one function: what is shown is what is true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from visitbridge.domain.job_states import IN_FLIGHT
from visitbridge.domain.jobs import INTERRUPTION_LIMIT, Job, JobState, Need


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """``code`` is a key of the words catalogue; ``params`` fill its placeholders."""

    code: str
    params: dict[str, str] = {}


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Names for the sentences: the patient's masked, the practitioner's in full."""

    patient: str
    practitioner: str


def reasons(
    job: Job,
    earlier: Sequence[Job],
    *,
    requires: frozenset[str],
    people: People,
    holds: Callable[[Need], bool],
    backing_off: bool,
) -> Iterator[Reason]:
    """Everything that keeps ``job`` from starting now; nothing when it may.

    ``earlier``: the jobs of the same visit before it. One that waits for a person does not stop those after it,
    unless its kind is in ``requires``: one bad item blocks nobody else. ``backing_off``: its time has not come.
    """
    if job.leased_by or job.state in IN_FLIGHT:
        yield Reason(code="waiting.working")
        return
    if job.state is JobState.HELD:
        yield Reason(code="waiting.release")
        return
    if job.state is JobState.REJECTED:
        yield Reason(code="waiting.person")
        return
    if job.state is JobState.HANDED_OFF:
        yield Reason(code="waiting.acknowledgement")
        return
    if job.interruptions >= INTERRUPTION_LIMIT:
        yield Reason(code="waiting.person")
        return
    before = next((other for other in earlier if _blocks(other, requires)), None)
    if before is not None:
        yield Reason(code="waiting.order", params={"kind": before.kind})
    for need in job.needs:
        if not holds(need):
            yield _unmet(need, people)
    if backing_off and job.not_before is not None:
        code = "waiting.ask" if job.state is JobState.UNKNOWN else "waiting.until"
        yield Reason(code=code, params={"time": job.not_before.isoformat(timespec="seconds")})


def _blocks(other: Job, requires: frozenset[str]) -> bool:
    if other.settled_at is not None:
        return False
    stuck = other.needs_person or other.state in {JobState.REJECTED, JobState.HELD, JobState.HANDED_OFF}
    return not stuck or other.kind in requires


def _unmet(need: Need, people: People) -> Reason:
    match need.kind:
        case "card":
            return Reason(code="waiting.card", params={"name": people.patient})
        case "staff":
            return Reason(code="waiting.staff", params={"name": people.practitioner})
        case kind:
            return Reason(code=f"waiting.{kind}")
