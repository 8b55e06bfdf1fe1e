"""Lessons: a task is done by what happened since the lesson began, in the lesson's order (ux §3.9)."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from visitbridge.sim.card import CARD_IDS
from visitbridge.sim.scenario.model import AnyStep
from visitbridge.sim.training.lessons import CLEARED, LESSONS, Lesson, Progress, Scene
from visitbridge.words import LANGUAGES, load_catalogue

SIGNED_IN = {"staff": {"sessions": [{"session_id": "s"}]}}
QUIET = {"depth": 0, "attention": 0, "oldest_age": "fresh"}
BY_ID = {lesson.lesson_id: lesson for lesson in LESSONS}


def scene(state: dict[str, Any] | None = None, **seen: Any) -> Scene:
    topics = {"staff": {"sessions": []}, "link": {"link": "good"}, "queue": QUIET, **(state or {})}
    facts: dict[str, Any] = {"places": dict.fromkeys(CARD_IDS), "visits": 3, "ic_records": 3, "written": 1}
    return Scene(state=topics, **{**facts, **seen})


def queue(**members: Any) -> dict[str, Any]:
    return {"queue": {**QUIET, **members}, **SIGNED_IN}


def in_reader(card_id: str) -> dict[str, str | None]:
    return {**dict.fromkeys(CARD_IDS), card_id: "virtual-1"}


DOWN = {"link": {"link": "down"}, **SIGNED_IN}
DAYS: dict[str, tuple[Scene, ...]] = {
    "online": (
        scene(SIGNED_IN),
        scene(SIGNED_IN, places=in_reader("patient-wang")),
        scene(SIGNED_IN, visits=4, ic_records=4),
    ),
    "no_vpn": (
        scene(SIGNED_IN),
        scene(DOWN),
        scene({**DOWN, **queue(depth=2)}),
        scene(queue(depth=2)),
        scene(SIGNED_IN, visits=4, ic_records=4),
    ),
    "lost_reply": (
        scene(SIGNED_IN),
        scene(queue(depth=2), visits=4),
        scene(SIGNED_IN, visits=4, ic_records=4),
    ),
    "wrong_card": (
        scene(SIGNED_IN),
        scene(SIGNED_IN, places=in_reader("patient-wang")),
        scene(SIGNED_IN, places=in_reader("patient-lin")),
        scene(queue(depth=3), places=in_reader("patient-lin")),
        scene(queue(depth=3), places=in_reader("patient-wang")),
        scene(SIGNED_IN, written=2),
    ),
    "card_pulled": (
        scene(SIGNED_IN),
        scene(queue(depth=3)),
        scene(queue(depth=3), places=in_reader("patient-wang")),
        scene(SIGNED_IN, written=2),
    ),
    "hpc_over": (scene(SIGNED_IN), scene(), scene(SIGNED_IN)),
    "late": (
        scene(SIGNED_IN),
        scene(DOWN),
        scene({**DOWN, **queue(depth=2)}),
        scene({**DOWN, **queue(depth=2, oldest_age="red")}),
        scene(queue(depth=2, oldest_age="red")),
        scene(SIGNED_IN, visits=4, ic_records=4),
    ),
    "rejected": (
        scene(SIGNED_IN),
        scene(queue(depth=1, attention=1)),
        scene(SIGNED_IN, visits=4, ic_records=4),
    ),
}


def test_every_lesson_has_a_day_here() -> None:
    assert DAYS.keys() == BY_ID.keys()


@pytest.mark.parametrize("lesson_id", DAYS)
def test_each_task_is_ticked_off_as_it_is_done_and_not_before(lesson_id: str) -> None:
    progress = Progress(BY_ID[lesson_id], scene(places=_before(lesson_id)))
    done = []
    for moment in (scene(places=_before(lesson_id)), *DAYS[lesson_id]):
        progress.look(moment)
        done.append(progress.done)

    assert done == list(range(len(BY_ID[lesson_id].tasks) + 1))


def _before(lesson_id: str) -> dict[str, str | None]:
    return {"card_pulled": in_reader("patient-wang")}.get(lesson_id, dict.fromkeys(CARD_IDS))


def test_what_was_done_stays_done() -> None:
    progress = Progress(BY_ID["online"], scene())
    progress.look(scene(SIGNED_IN))
    progress.look(scene())

    assert progress.done == 1


def test_what_was_there_before_the_lesson_counts_for_nothing() -> None:
    progress = Progress(BY_ID["online"], scene(visits=4, ic_records=4))
    progress.look(scene(SIGNED_IN, places=in_reader("patient-wang"), visits=4, ic_records=4))

    assert progress.done == 2


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.lesson_id)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_lesson_and_task_has_words(lesson: Lesson, language: str) -> None:
    texts = load_catalogue().texts(language)
    parts = ("title", "goal", *(task.task_id for task in lesson.tasks))

    assert {f"ui.lesson.{lesson.lesson_id}.{part}" for part in parts} <= texts.keys()


def test_no_words_for_lessons_that_are_gone() -> None:
    keys = load_catalogue().texts(LANGUAGES[0])
    spoken_of = {match[1] for key in keys if (match := re.match(r"ui\.lesson\.(\w+)\.", key))}

    assert spoken_of == BY_ID.keys()


@pytest.mark.parametrize("step", [*CLEARED, *(step for lesson in LESSONS for step in lesson.setup)])
def test_a_step_of_the_setup_is_one_that_a_scenario_file_could_have(step: AnyStep) -> None:
    assert msgspec.convert(msgspec.to_builtins(step), type(step)) == step
