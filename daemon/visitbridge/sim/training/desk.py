"""The desk of the training rooms: gives lessons, lets phones in, moves the clock; HTTP on a unix socket.

The rooms' gateway passes the phones' part on (``/api/lab/lessons``, ``/api/lab/time``); the real box asks for the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from visitbridge.errors import DeviceError, NotFound
from visitbridge.sim.lab.client import ApiRefused, LabClient, PhoneClient
from visitbridge.sim.lab.phone import LAB_PHONE, state_seen_by
from visitbridge.sim.lab.wire import answer, open_socket, read
from visitbridge.sim.scenario.engine import Engine
from visitbridge.sim.scenario.model import Scenario
from visitbridge.sim.training.admissions import Admissions, Visitor
from visitbridge.sim.training.lessons import CLEARED, LESSONS, Lesson, Progress, Scene

_LOOK_EVERY_S = 1.0
_LONGEST_STEP_S = 24 * 3600


class Lapse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds that pass at once."""

    advance_s: Annotated[float, Meta(gt=0, le=_LONGEST_STEP_S)]


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    lesson_id: str
    tasks: tuple[str, ...]


class UnderWay(msgspec.Struct, frozen=True, kw_only=True):
    """``done``: how many of the lesson's tasks, in their order."""

    lesson_id: str
    done: int


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """``current`` None: no lesson was begun."""

    lessons: tuple[Offered, ...]
    current: UnderWay | None


class TrainingDesk:
    """``host``: the lab's own phone, by which the desk sees what the box says. ``lab``: the lab's switches."""

    def __init__(self, host: PhoneClient, lab: LabClient, admissions: Admissions) -> None:
        self._host = host
        self._lab = lab
        self._admissions = admissions
        self._progress: Progress | None = None
        # A lesson is set up by one hand at a time.
        self._table = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/lessons", self._board),
            web.post("/lessons/{lesson_id}/begin", self._begin),
            web.delete("/lessons", self._leave),
            web.post("/time", self._lapse),
            web.post("/phones", self._admit),
        ]

    async def watch(self) -> None:
        """Tick tasks off as they are done, for as long as the rooms are open."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            progress = self._progress
            if progress is None or self._table.locked():
                continue
            # The box or the other side may be starting again, which is part of some lessons.
            with contextlib.suppress(DeviceError, ApiRefused):
                progress.look(await self._scene())

    async def _board(self, _: web.Request) -> web.Response:
        progress = self._progress
        return answer(
            Board(
                lessons=tuple(map(_offered, LESSONS)),
                current=UnderWay(lesson_id=progress.lesson.lesson_id, done=progress.done)
                if progress
                else None,
            )
        )

    async def _begin(self, request: web.Request) -> web.Response:
        lesson = _lesson(request.match_info["lesson_id"])
        async with self._table:
            self._progress = None
            engine = Engine(self._host, self._lab, lambda _: None)
            await engine.run(Scenario(title=lesson.lesson_id, steps=(*CLEARED, *lesson.setup)))
            self._progress = Progress(lesson, await self._scene())
        return await self._board(request)

    async def _leave(self, request: web.Request) -> web.Response:
        self._progress = None
        return await self._board(request)

    async def _lapse(self, request: web.Request) -> web.Response:
        """Move the other side's clock; the box moves its own once this has been answered."""
        order = await read(request, Lapse)
        portal: dict[str, Any] = (await self._lab.ask("GET", "/state"))["portal"]
        await self._lab.ask("POST", "/portal/clock", {"offset_s": portal["clock_offset_s"] + order.advance_s})
        return answer(order)

    async def _admit(self, request: web.Request) -> web.Response:
        return answer(await self._admissions.admit(await read(request, Visitor)))

    async def _scene(self) -> Scene:
        return Scene.of(
            await state_seen_by(self._host, LAB_PHONE),
            await self._lab.ask("GET", "/state"),
            await self._lab.ask("GET", "/portal/inbox"),
            await self._lab.ask("GET", "/cards/patient-wang/memory"),
        )


@contextlib.asynccontextmanager
async def open_desk(desk: TrainingDesk, socket_path: Path) -> AsyncIterator[None]:
    """Serve and watch until the block ends."""
    watching = asyncio.create_task(desk.watch(), name="lessons")
    try:
        async with open_socket(desk.routes(), socket_path):
            yield
    finally:
        watching.cancel()
        await asyncio.wait({watching})


def _lesson(lesson_id: str) -> Lesson:
    for lesson in LESSONS:
        if lesson.lesson_id == lesson_id:
            return lesson
    raise NotFound("no such lesson", field="lesson_id")


def _offered(lesson: Lesson) -> Offered:
    return Offered(lesson_id=lesson.lesson_id, tasks=tuple(task.task_id for task in lesson.tasks))
