"""A long day: thousands of visits through a line that flaps and a portal whose answers get lost, with kills."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.crash.truth import broken_card
from tests.crash.words import (
    Begin,
    BoxSays,
    Go,
    HarnessSays,
    Kind,
    Point,
    Quiet,
    Repeat,
    Retry,
    Saved,
    Stop,
    Tell,
    Told,
)
from tests.crash.world import Patient, World
from visitbridge.domain.jobs import JobState
from visitbridge.services.outbox import steps
from visitbridge.services.outbox.steps import Edge
from visitbridge.sim.relay import Line

_BATCH = 25
_MOST_OPEN = 300
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_FIRST = ("card.write_prescription", "upload.visit")
"""What every life begins with: one visit onto a card, and one without VPN to make the others like."""


class SoakPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything is counted in edges that jobs pass, so that two runs are alike.

    ``visits`` in all; ``kills``, one every ``kill_every`` edges; the line is cut every ``cut_every`` edges; of
    every ``lose_every`` requests about one loses its answer.
    """

    visits: int
    kills: int
    kill_every: int
    cut_every: int = 700
    lose_every: int = 20


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """What the box's process held after ``visits`` in this life."""

    visits: int
    resident_bytes: int
    descriptors: int


class SoakResult(msgspec.Struct, frozen=True, kw_only=True):
    """``footprints``: of the last life, which nothing interrupts."""

    visits: int
    kills: int
    cuts: int
    lost_replies: int
    footprints: tuple[Footprint, ...]
    wrong: tuple[str, ...]


async def soak(world: World, kinds: tuple[Kind, ...], plan: SoakPlan, *, life_s: float) -> SoakResult:
    """Run it to the end, until every acknowledged visit has all of its effects."""
    day = _Day(world, kinds, plan)
    box = world.new_box("soak")
    while True:
        day.begin_life()
        await world.insert(day.patient)
        if not await world.live(box, day.answer, concurrency=4, answer_timeout_s=2.0, life_s=life_s):
            return day.result()


class _Day:
    def __init__(self, world: World, kinds: tuple[Kind, ...], plan: SoakPlan) -> None:
        self._world = world
        self._routes = {kind.name: kind.route for kind in kinds}
        self._plan = plan
        self._patients: list[Patient] = []
        self._written: list[Patient] = []
        self._acknowledged: set[str] = set()
        self._told: Told | None = None
        self._edges = self._requests = self._kills = self._cuts = self._lost = 0
        self._footprints: list[Footprint] = []
        self._stage = 0
        self._made = 0
        self._down_for = 0
        self._seen_again = 0

    @property
    def patient(self) -> Patient:
        """Whose card is in the reader."""
        return self._patients[-1]

    def begin_life(self) -> None:
        self._patients.append(self._world.new_patient(self._world.places.cards))
        self._footprints.clear()
        self._stage = self._made = 0

    async def answer(self, word: BoxSays, pid: int) -> HarnessSays | None:
        match word:
            case Point():
                return await self._pass(word)
            case Quiet():
                return await self._at_rest(word, pid)
            case Saved():
                self._acknowledged.update(word.visit_ids)
                if self._stage == 0:
                    self._written.append(self.patient)
                self._stage += 1
            case Told():
                self._told = word
        return Go()

    async def _pass(self, point: Point) -> HarnessSays | None:
        self._edges += 1
        if self._kills < self._plan.kills and self._edges % self._plan.kill_every == 0:
            self._kills += 1
            return None
        if self._edges % self._plan.cut_every == 0:
            self._cuts += 1
            self._down_for = 3
            self._world.set_line(Line.DOWN)
        if (point.step, point.edge) == (steps.SEND, Edge.BEFORE):
            self._requests += 1
            if self._requests % self._plan.lose_every == 0:
                self._lost += 1
                await self._world.spoil({"route": self._routes[point.kind], "fault": "lose_reply"})
        return Go()

    async def _at_rest(self, quiet: Quiet, pid: int) -> HarnessSays:
        if self._told is None:
            # Telling of 30,000 jobs is the proof's own doing, and takes 100 MiB.
            self._footprints.append(_footprint(pid, self._made))
        if self._down_for:
            self._down_for -= 1
        else:
            self._world.set_line(Line.UP)
        if not quiet.is_ready or "nhi" not in quiet.cards:
            return Go(leap_s=2.0)
        if self._stage < len(_FIRST):
            return Begin(kind=_FIRST[self._stage], payload="")
        if len(self._acknowledged) < self._plan.visits and quiet.open_jobs < _MOST_OPEN:
            self._made += _BATCH
            return Repeat(count=_BATCH, back_s=self._made)
        if quiet.stuck:
            return Retry(job_ids=quiet.stuck)
        if quiet.open_jobs:
            if len(self._acknowledged) >= self._plan.visits:
                await self._show_cards_again()
            return Go(leap_s=2.0)
        return Tell() if self._told is None else Stop()

    async def _show_cards_again(self) -> None:
        """A kill may have left a card unwritten: each patient comes by once more."""
        self._seen_again += 1
        if self._seen_again % 5 == 0:
            await self._world.insert(self._written[self._seen_again // 5 % len(self._written)])

    def result(self) -> SoakResult:
        return SoakResult(
            visits=len(self._acknowledged),
            kills=self._kills,
            cuts=self._cuts,
            lost_replies=self._lost,
            footprints=tuple(self._footprints),
            wrong=tuple(self._broken_promises()),
        )

    def _broken_promises(self) -> Iterator[str]:
        if self._told is None:
            yield "the box never told its jobs"
            return
        jobs = self._told.jobs
        unsettled = Counter(job.state for job in jobs if job.state is not JobState.CONFIRMED)
        if unsettled:
            yield f"not confirmed: {dict(unsettled)}"
        lost = self._acknowledged - {job.visit_id for job in jobs}
        if lost:
            yield f"{len(lost)} acknowledged visits are not on the box's disk"
        wanted = Counter(job.receipt_kind for job in jobs)
        found = _effects(self._world.portal_db)
        if found != wanted:
            yield f"the portal has {dict(found)}, the box {dict(wanted)}"
        for patient in self._written:
            yield from broken_card(patient, visits=1, prescriptions=1)


def _effects(portal_db: Path) -> Counter[str]:
    with contextlib.closing(sqlite3.connect(f"file:{portal_db}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT kind, count(*) FROM receipts GROUP BY kind").fetchall()
        doubled = connection.execute(
            "SELECT count(*) - count(DISTINCT kind || institution || record_key) FROM upload_records"
        ).fetchone()[0]
    return Counter(dict(rows) | ({"doubled": doubled} if doubled else {}))


def _footprint(pid: int, visits: int) -> Footprint:
    resident_pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Footprint(
        visits=visits,
        resident_bytes=resident_pages * _PAGE_BYTES,
        descriptors=len(list(Path(f"/proc/{pid}/fd").iterdir())),
    )
