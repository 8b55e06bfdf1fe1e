"""Every kind × every fault × a kill at every edge of every step: one effect each, nothing lost.

The steps come from the engine itself, so a new step joins by being declared.
"""

from __future__ import annotations

import pytest

from tests.services.outbox import samples
from tests.services.outbox.fakes import Fault
from tests.services.outbox.world import Died, World
from visitbridge.domain.jobs import JobState
from visitbridge.services.outbox.steps import Edge, StepPoint

Script = dict[str, list[Fault]]

UPLOADS = ("upload.recognition", "upload.visit", "upload.ic", "upload.delivery", "take.virtual_number")
CARDS = ("card.write_visit", "card.write_prescription")
QUERIES = ("check.eligibility",)

_DOUBTS = (Fault.REPLY_LOST, Fault.REQUEST_LOST, Fault.GARBLED)
_FALSE = (Fault.FORGED, Fault.OTHER_DIGEST, Fault.OTHER_KIND, Fault.OTHER_KEY)

UPLOAD_SCRIPTS: dict[str, Script] = {
    fault.value: {"send": [fault]}
    for fault in (
        Fault.NONE,
        Fault.LINK_DOWN,
        Fault.BUSY,
        Fault.RETRY_AFTER,
        Fault.REFUSED,
        *_DOUBTS,
        *_FALSE,
    )
} | {
    "reply_lost+link_down": {"send": [Fault.REPLY_LOST], "receipt": [Fault.LINK_DOWN]},
    "reply_lost+in_progress": {"send": [Fault.REPLY_LOST], "receipt": [Fault.IN_PROGRESS]},
    "request_lost+link_down": {"send": [Fault.REQUEST_LOST], "receipt": [Fault.LINK_DOWN]},
    "reply_lost+forged": {"send": [Fault.REPLY_LOST], "receipt": [Fault.FORGED]},
    "refused_twice": {"send": [Fault.REFUSED, Fault.REPLY_LOST]},
}

_PULLS = (Fault.PULLED_BEFORE, Fault.PULLED_ABSENT, Fault.PULLED_OPEN, Fault.PULLED_CLOSED)
_SESSION = (
    Fault.NONE,
    Fault.LINK_DOWN,
    Fault.WRONG_CARD,
    Fault.REFUSED,
    Fault.REPLY_LOST,
    Fault.GARBLED,
    Fault.NO_RECEIPT,
    Fault.FORGED,
    *_PULLS,
)


def _card_scripts(purpose: str) -> dict[str, Script]:
    return {fault.value: {purpose: [fault]} for fault in _SESSION} | {
        "torn+pulled_again": {purpose: [Fault.PULLED_OPEN], "repair": [Fault.PULLED_OPEN]},
        "torn+closed_unseen": {purpose: [Fault.PULLED_OPEN], "repair": [Fault.PULLED_CLOSED]},
        "torn+read_back_fails": {purpose: [Fault.PULLED_OPEN], "read_back": [Fault.PULLED_BEFORE]},
        "doubt+link_down": {purpose: [Fault.PULLED_ABSENT], "receipt": [Fault.LINK_DOWN]},
        "reply_lost+link_down": {purpose: [Fault.REPLY_LOST], "receipt": [Fault.LINK_DOWN]},
        "closed+link_down": {purpose: [Fault.NO_RECEIPT], "receipt": [Fault.LINK_DOWN]},
    }


SCRIPTS: dict[str, dict[str, Script]] = {
    **dict.fromkeys(UPLOADS, UPLOAD_SCRIPTS),
    "card.write_visit": _card_scripts("write_visit"),
    "card.write_prescription": _card_scripts("write_prescription"),
    **{
        kind: {
            fault.value: {"send": [fault]}
            for fault in (Fault.NONE, Fault.LINK_DOWN, Fault.BUSY, Fault.REFUSED)
        }
        for kind in QUERIES
    },
}


CASES = [
    pytest.param(kind, script, id=f"{kind}-{name}")
    for kind, scripts in SCRIPTS.items()
    for name, script in scripts.items()
]


# A record without a number does not leave the box, and here no card write brings one.
_VISITS = {"upload.ic": samples.offline_visit()}


async def _begin(kind: str, script: Script) -> tuple[World, str]:
    world = World()
    world.insert()
    jobs = await world.enqueue(_VISITS.get(kind, samples.visit()), (kind,), payload=_payload(kind))
    world.portal.faults.update({call: list(faults) for call, faults in script.items()})
    return world, jobs[kind].job_id


async def _one_life(world: World, job_id: str) -> None:
    """Until killed, or until the job is settled: the card is put in again and a person retries what is stuck."""
    async with world.running():
        await world.settle(limit_s=300.0)
        for _ in range(3):
            world.insert()
            await world.settle(limit_s=300.0)
        for _ in range(2):
            if (await world.job(job_id)).state is not JobState.CONFIRMED:
                await world.outbox.desk.retry(job_id)
            await world.settle(limit_s=300.0)


async def _live(world: World, job_id: str) -> bool:
    try:
        await _one_life(world, job_id)
    except BaseExceptionGroup as group:
        dead, others = group.split(Died)
        if others is not None:
            raise others from group
        return dead is not None
    return False


async def _expect_one_effect(world: World, kind: str, job_id: str, when: str) -> None:
    settled = await world.job(job_id)
    assert settled.state is JobState.CONFIRMED, when
    assert settled.interruptions == 0, when
    assert sorted(world.portal.effects.values()) == ([] if kind in QUERIES else [1]), when
    assert set(world.card.begun.values()) | set(world.card.closed.values()) <= {1}, when
    assert sorted(world.card.records.values()) == (["closed"] if kind in CARDS else []), when


@pytest.mark.parametrize(("kind", "script"), CASES)
async def test_one_effect_wherever_it_is_killed(kind: str, script: Script) -> None:
    world, job_id = await _begin(kind, script)
    assert not await _live(world, job_id)
    await _expect_one_effect(world, kind, job_id, "not killed")
    for name, step, edge in sorted(world.reached):
        killed, job_id = await _begin(kind, script)
        killed.crash_at = StepPoint(kind=name, step=step, edge=Edge(edge), job_id="")
        assert await _live(killed, job_id), f"never reached {edge} {step}"
        assert not await _live(killed, job_id)
        await _expect_one_effect(killed, kind, job_id, f"killed {edge} {step}")


@pytest.mark.parametrize("fault", [Fault.NONE, Fault.REPLY_LOST, Fault.REQUEST_LOST, Fault.BUSY])
async def test_a_backlog_killed_after_any_number_of_edges(fault: Fault) -> None:
    """Where settling one job and readying the next share a commit, both are lost or neither."""
    for edges in range(40):
        world = World(concurrency=1)
        for number in range(3):
            await world.enqueue(samples.visit(f"visit-{number}"), ("upload.recognition", "upload.visit"))
        world.portal.faults["send"] = [Fault.NONE, fault]
        world.edges_left = edges
        await world.run_until_dead()
        world.edges_left = None
        assert not await world.run_until_dead()
        assert sorted(world.portal.effects.values()) == [1] * 6, f"killed after {edges} edges"
        assert len(world.portal.receipts) == 6


@pytest.mark.parametrize("kind", sorted(SCRIPTS))
async def test_the_scripts_reach_every_declared_step(kind: str) -> None:
    declared = {name.step for name in World().outbox.steps() if name.kind == kind}
    reached: set[str] = set()
    for script in SCRIPTS[kind].values():
        world, job_id = await _begin(kind, script)
        await _live(world, job_id)
        reached |= {step for _, step, _ in world.reached}
    assert declared == reached


def _payload(kind: str) -> bytes:
    return b'{"event":"delivered"}' if kind == "upload.delivery" else b""
