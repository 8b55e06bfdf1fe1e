"""A fault strikes at its edge, at its occurrence, once, and the engine waits for it."""

from __future__ import annotations

import pytest

from visitbridge.services.outbox.steps import Edge, StepPoint
from visitbridge.sim.faults import Blow, StepFault, StepFaults

SEND = StepPoint(kind="upload.visit", step="send", edge=Edge.BEFORE, job_id="job-1")
SENT = StepPoint(kind="upload.visit", step="send", edge=Edge.AFTER, job_id="job-1")
OTHER_KIND = StepPoint(kind="upload.ic", step="send", edge=Edge.BEFORE, job_id="job-2")
OTHER_STEP = StepPoint(kind="upload.visit", step="ask", edge=Edge.BEFORE, job_id="job-1")


def _fault(occurrence: int = 1, blow: Blow = Blow.CUT_LINK) -> StepFault:
    return StepFault(kind="upload.visit", step="send", edge=Edge.BEFORE, blow=blow, occurrence=occurrence)


@pytest.mark.parametrize(
    ("occurrence", "passes", "struck_at"),
    [
        (1, [SEND, SEND], [0]),
        (2, [SEND, SEND, SEND], [1]),
        (1, [OTHER_KIND, OTHER_STEP, SENT], []),
        (2, [SEND, OTHER_KIND, SENT, SEND], [3]),
    ],
)
async def test_it_strikes_once_at_its_occurrence_of_its_edge(
    occurrence: int, passes: list[StepPoint], struck_at: list[int]
) -> None:
    blows: list[Blow] = []

    async def carry_out(blow: Blow) -> None:
        blows.append(blow)

    hook = StepFaults([_fault(occurrence)], carry_out)
    seen: list[int] = []
    for point in passes:
        await hook(point)
        seen.append(len(blows))

    assert [number for number, count in enumerate(seen) if count > ([0, *seen])[number]] == struck_at
    assert len(hook.struck) == len(struck_at)


async def test_several_at_one_edge_strike_in_the_order_given() -> None:
    blows: list[Blow] = []

    async def carry_out(blow: Blow) -> None:
        blows.append(blow)

    await StepFaults([_fault(blow=Blow.PULL), _fault(blow=Blow.KILL)], carry_out)(SEND)

    assert blows == [Blow.PULL, Blow.KILL]


async def test_it_knows_every_edge_that_was_passed() -> None:
    async def carry_out(_blow: Blow) -> None:
        raise AssertionError("no fault was given")

    hook = StepFaults([], carry_out)
    for point in (SEND, SENT, SEND):
        await hook(point)

    assert hook.passed == {("upload.visit", "send", Edge.BEFORE), ("upload.visit", "send", Edge.AFTER)}
