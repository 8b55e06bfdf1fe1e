"""One case: a fresh box, a fresh patient, one visit, one blow at one edge; then people put things right."""

from __future__ import annotations

import shutil

import msgspec

from tests.crash.truth import broken_promises
from tests.crash.ways import ASKING, Way
from tests.crash.words import (
    Begin,
    BoxSays,
    Go,
    HarnessSays,
    Kind,
    Point,
    Quiet,
    Retry,
    Saved,
    Stop,
    Tell,
    Told,
)
from tests.crash.world import World
from visitbridge.errors import VisitBridgeError
from visitbridge.services.outbox import steps
from visitbridge.services.outbox.steps import Edge, StepPoint
from visitbridge.sim.faults import Blow, StepFault, StepFaults

_PATIENCE = 3
"""Rounds without anything happening after which people put things right."""

_ROUND_S = 2.0
_MOST_ROUNDS = 1000


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """``fault`` None: only the way, to see where it leads."""

    kind: Kind
    way: Way
    fault: StepFault | None = None

    @property
    def name(self) -> str:
        if self.fault is None:
            return f"{self.kind.name}, {self.way.name}"
        return (
            f"{self.kind.name}: {self.fault.blow} {self.fault.edge} {self.fault.step}"
            f"#{self.fault.occurrence} ({self.way.name})"
        )


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """``passed``: every edge that any job came by. ``wrong``: promises that were broken, in words."""

    case: Case
    passed: frozenset[tuple[str, str, Edge]]
    struck: bool
    wrong: tuple[str, ...]
    told: Told | None


class NeverSettled(Exception):
    """The box went on and on without settling."""


async def run_case(world: World, case: Case) -> Outcome:
    """Run it to its end and compare what is on the card and at the portal with what the box acknowledged."""
    play = _Play(world, case)
    try:
        wrong = await play.to_the_end()
    except (VisitBridgeError, TimeoutError, NeverSettled) as error:
        wrong = (f"{type(error).__name__}: {error}; last seen: {play.last_seen}",)
    await world.mend(play.patient)
    await world.pull()
    return Outcome(
        case=case, passed=play.faults.passed, struck=bool(play.faults.struck), wrong=wrong, told=play.told
    )


class _Play:
    def __init__(self, world: World, case: Case) -> None:
        self._world = world
        self._case = case
        folder = world.places.cards
        self.patient = world.new_patient(folder)
        self._other = world.new_patient(folder)
        self._box = world.new_box(f"case-{self.patient.card_no}")
        self.faults = StepFaults([case.fault] if case.fault else [], self._strike)
        self.told: Told | None = None
        self.last_seen = ""
        self._saved = False
        self._has_set_out = False
        self._tripped = False
        self._is_killed = False
        self._rounds = 0
        self._idle = 0

    async def to_the_end(self) -> tuple[str, ...]:
        await self._world.insert(self.patient)
        while await self._world.live(self._box, self._answer):
            self._is_killed = False
        await self._world.mend(self.patient)
        if self.told is None or not self._saved:
            return ("the visit was never acknowledged",)
        wrong = broken_promises(self._world.portal_db, self.told, self.patient, self._other)
        if not wrong:
            shutil.rmtree(self._box)
        return wrong

    async def _strike(self, blow: Blow) -> None:
        if blow is Blow.KILL:
            self._is_killed = True
        else:
            await self._world.strike(blow, self._other)

    async def _answer(self, word: BoxSays, _pid: int) -> HarnessSays | None:
        match word:
            case Point():
                return await self._pass(word)
            case Quiet():
                return await self._at_rest(word)
            case Saved():
                self._saved = True
            case Told():
                self.told = word
        return Go()

    async def _pass(self, point: Point) -> HarnessSays | None:
        self.last_seen = f"{point.edge} {point.step} of {point.kind}"
        self._idle = 0
        await self.faults(StepPoint(kind=point.kind, step=point.step, edge=point.edge, job_id=""))
        if point.kind == self._case.kind.name:
            await self._follow_the_way(point)
        return None if self._is_killed else Go()

    async def _follow_the_way(self, point: Point) -> None:
        """Each misfortune of the way happens once, however often the job sets out."""
        way = self._case.way
        if not self._has_set_out:
            self._has_set_out = True
            for route, fault in ((self._case.kind.route, way.first), (ASKING, way.asked)):
                if fault:
                    await self._world.spoil({"route": route, "fault": fault})
        executes = (point.step, point.edge) == (steps.EXECUTE, Edge.AFTER)
        if executes and not self._tripped and way.pull is not None:
            self._tripped = True
            self._world.trip(way.pull)

    async def _at_rest(self, quiet: Quiet) -> HarnessSays:
        self.last_seen = f"{quiet.open_jobs} open: {quiet.waiting}"
        self._rounds += 1
        if self._rounds > _MOST_ROUNDS:
            raise NeverSettled
        if not self._saved:
            if not quiet.is_ready or "nhi" not in quiet.cards:
                return Go(leap_s=_ROUND_S)
            return Begin(
                kind=self._case.kind.name,
                payload=f'{{"event":"delivered","id_no":"{self.patient.id_no}"}}',
            )
        if not quiet.open_jobs:
            return Stop() if self.told is not None else Tell()
        self._idle += 1
        if self._idle < _PATIENCE:
            return Go(leap_s=_ROUND_S)
        self._idle = 0
        await self._world.mend(self.patient)
        return Retry(job_ids=quiet.stuck) if quiet.stuck else Go(leap_s=_ROUND_S)
