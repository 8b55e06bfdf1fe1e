"""The crash matrix: every edge of every step that the engine names, of every kind, times every blow."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

import msgspec

from tests.crash.case import Case, Outcome, run_case
from tests.crash.ways import WAYS
from tests.crash.words import BoxSays, Go, HarnessSays, Kind, Quiet, Stop, Tell, Told
from tests.crash.world import World
from visitbridge.services.outbox.steps import Edge
from visitbridge.sim.faults import Blow, StepFault


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """``unreached``: steps that no way leads to, which is a failure of the matrix itself."""

    cases: tuple[Case, ...]
    unreached: tuple[str, ...]


async def kinds_of(world: World) -> tuple[Kind, ...]:
    """What the engine of a real box says it has."""
    heard: list[Told] = []

    async def answer(word: BoxSays, _pid: int) -> HarnessSays:
        if isinstance(word, Told):
            heard.append(word)
        if not isinstance(word, Quiet):
            return Go()
        return Stop() if heard else Tell()

    await world.live(world.new_box("engine"), answer)
    return heard[0].kinds


async def explore(world: World, kinds: Sequence[Kind]) -> AsyncIterator[Outcome]:
    """Walk every way of every kind without a blow, to see which edges it passes."""
    for kind in kinds:
        for way in WAYS[kind.path]:
            yield await run_case(world, Case(kind=kind, way=way))


def lay_out(kinds: Sequence[Kind], walks: Iterable[Outcome]) -> Matrix:
    """Every edge of every step × every blow, each by the first way that passes the edge."""
    walks = tuple(walks)
    cases: list[Case] = []
    unreached: list[str] = []
    for kind in kinds:
        for step in kind.steps:
            for edge in Edge:
                walk = next(
                    (w for w in walks if (kind.name, step, edge) in w.passed and w.case.kind == kind), None
                )
                if walk is None:
                    unreached.append(f"{edge} {step} of {kind.name}")
                    continue
                cases += (
                    Case(
                        kind=kind,
                        way=walk.case.way,
                        fault=StepFault(kind=kind.name, step=step, edge=edge, blow=blow),
                    )
                    for blow in Blow
                )
    return Matrix(cases=tuple(cases), unreached=tuple(unreached))


def spread(cases: Sequence[Case], count: int) -> tuple[Case, ...]:
    """``count`` of them, evenly, but with a stride that meets every blow at every other step."""
    if count >= len(cases):
        return tuple(cases)
    stride = len(cases) / count
    return tuple(cases[int(number * stride)] for number in range(count))
