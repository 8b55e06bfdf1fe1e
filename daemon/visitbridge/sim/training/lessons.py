"""What can be practised: how each lesson is set up, and by what the rooms see that a task was done.

Words are in the catalogue under ``training.lesson.ID``. A task counts what happened since the lesson began, so a lesson
can be taken again at any time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from visitbridge.sim.scenario.model import AnyStep, ClearFaults, Fault, Insert, Link, Pull

Json = dict[str, Any]
_PATIENT = "patient-wang"
_OTHER_PATIENT = "patient-lin"


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be seen at one moment: the box's live state, where the cards are, and what has arrived or been written."""

    state: Json
    places: dict[str, str | None]
    visits: int
    ic_records: int
    written: int

    @classmethod
    def of(cls, state: Json, lab: Json, inbox: Json, memory: Json) -> Scene:
        """From the answers of the box and of the lab's switches; ``memory``: of the lessons' patient card."""
        return cls(
            state=state,
            places={card["card_id"]: card["reader_id"] for card in lab["cards"]},
            visits=len(inbox["visits"]),
            ic_records=len(inbox["ic_records"]),
            written=sum(record["visit"] == "closed" for record in memory["records"]),
        )

    def topic(self, name: str, member: str, default: Any) -> Any:
        """A member of a live topic; ``default`` before its part of the box is up."""
        return self.state.get(name, {}).get(member, default)


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """``is_done`` compares what is seen now with what was seen when the lesson began."""

    task_id: str
    is_done: Callable[[Scene, Scene], bool]


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """``setup`` runs after the table was cleared; ``tasks`` are done one after the other."""

    lesson_id: str
    tasks: tuple[Task, ...]
    setup: tuple[AnyStep, ...] = ()


CLEARED: tuple[AnyStep, ...] = (
    ClearFaults(),
    Link(mode="up"),
    Pull(reader=1, noticed=False),
    Pull(reader=2, noticed=False),
)
"""No card in a reader, the line up, nothing of the other side's faults armed."""


def _signed_in(now: Scene, _began: Scene) -> bool:
    return bool(now.topic("staff", "sessions", []))


def _signed_out(now: Scene, _began: Scene) -> bool:
    return not now.topic("staff", "sessions", [])


def _card_in(card_id: str) -> Callable[[Scene, Scene], bool]:
    return lambda now, _began: now.places.get(card_id) is not None


def _card_out(now: Scene, _began: Scene) -> bool:
    return now.places.get(_PATIENT) is None and now.topic("queue", "depth", 0) > 0


def _line_cut(now: Scene, _began: Scene) -> bool:
    return bool(now.topic("link", "link", "") == "down")


def _line_back(now: Scene, _began: Scene) -> bool:
    return bool(now.topic("link", "link", "down") != "down")


def _waiting(now: Scene, _began: Scene) -> bool:
    return bool(now.topic("queue", "depth", 0) > 0)


def _late(now: Scene, _began: Scene) -> bool:
    return now.topic("queue", "oldest_age", "fresh") in {"red", "overdue"}


def _refused(now: Scene, _began: Scene) -> bool:
    return bool(now.topic("queue", "attention", 0) > 0)


def _drained(now: Scene) -> bool:
    return bool(now.topic("queue", "depth", 1) == 0 and now.topic("queue", "attention", 1) == 0)


def _sent(now: Scene, began: Scene) -> bool:
    return now.visits > began.visits and now.ic_records > began.ic_records and _drained(now)


def _arrived(now: Scene, began: Scene) -> bool:
    return now.visits > began.visits


def _written(now: Scene, began: Scene) -> bool:
    return now.written > began.written and _drained(now)


def _task(task_id: str, is_done: Callable[[Scene, Scene], bool]) -> Task:
    return Task(task_id=task_id, is_done=is_done)


_SIGN_IN = _task("sign_in", _signed_in)
_CUT = _task("cut", _line_cut)
_BACK = _task("back", _line_back)

LESSONS: tuple[Lesson, ...] = (
    Lesson(
        lesson_id="online",
        tasks=(_SIGN_IN, _task("card", _card_in(_PATIENT)), _task("sent", _sent)),
    ),
    Lesson(
        lesson_id="no_vpn",
        tasks=(_SIGN_IN, _CUT, _task("saved", _waiting), _BACK, _task("sent", _sent)),
    ),
    Lesson(
        lesson_id="lost_reply",
        setup=(Fault(order={"route": "POST /visits", "fault": "lose_reply"}),),
        tasks=(_SIGN_IN, _task("arrived", _arrived), _task("sent", _sent)),
    ),
    Lesson(
        lesson_id="wrong_card",
        tasks=(
            _SIGN_IN,
            _task("card", _card_in(_PATIENT)),
            _task("other", _card_in(_OTHER_PATIENT)),
            _task("waiting", _waiting),
            _task("right", _card_in(_PATIENT)),
            _task("written", _written),
        ),
    ),
    Lesson(
        lesson_id="card_pulled",
        # The twelfth command is one of those that write; see the tests of pulled cards.
        setup=(Insert(card=_PATIENT, reader=2, recognised=False, pull={"when": "after", "nth": 12}),),
        tasks=(
            _SIGN_IN,
            _task("pulled", _card_out),
            _task("right", _card_in(_PATIENT)),
            _task("written", _written),
        ),
    ),
    Lesson(
        lesson_id="hpc_over",
        tasks=(_SIGN_IN, _task("over", _signed_out), _task("again", _signed_in)),
    ),
    Lesson(
        lesson_id="late",
        tasks=(_SIGN_IN, _CUT, _task("saved", _waiting), _task("red", _late), _BACK, _task("sent", _sent)),
    ),
    Lesson(
        lesson_id="rejected",
        setup=(
            Fault(
                order={
                    "route": "POST /visits",
                    "fault": "reject",
                    "field": "content.subjective",
                    "words": "訓練：請修改主訴後再送",
                }
            ),
        ),
        tasks=(_SIGN_IN, _task("refused", _refused), _task("sent", _sent)),
    ),
)


class Progress:
    """One lesson under way; tasks are done in their order, and stay done."""

    def __init__(self, lesson: Lesson, began: Scene) -> None:
        self.lesson = lesson
        self._began = began
        self.done = 0

    def look(self, now: Scene) -> None:
        """Tick off what is done by now."""
        tasks = self.lesson.tasks
        while self.done < len(tasks) and tasks[self.done].is_done(now, self._began):
            self.done += 1
