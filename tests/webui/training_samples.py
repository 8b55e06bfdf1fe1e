"""What a box answers about its training rooms, and what the rooms' own gateway answers."""

from __future__ import annotations

from typing import Any

from visitbridge.sim.training.lessons import LESSONS

Json = dict[str, Any]

INSIDE: Json = {"virtual": True, "training": True, "lessons": True}


def view(phase: str, *, offered: bool = True, failed: bool = False) -> Json:
    return {"offered": offered, "phase": phase, "failed": failed}


def board(lesson_id: str = "", done: int = 0) -> Json:
    """``lesson_id`` empty: none was begun."""
    return {
        "lessons": [
            {"lesson_id": lesson.lesson_id, "tasks": [task.task_id for task in lesson.tasks]}
            for lesson in LESSONS
        ],
        "current": {"lesson_id": lesson_id, "done": done} if lesson_id else None,
    }


LAB: Json = {
    "cards": [
        {"card_id": "patient-wang", "label": "王測試・健保卡", "kind": "nhi", "reader_id": "r2"},
        {"card_id": "patient-lin", "label": "林樣本・健保卡", "kind": "nhi", "reader_id": None},
        {"card_id": "hpc-doctor", "label": "醫師樣本・醫事人員卡", "kind": "hpc", "reader_id": None},
        {"card_id": "hpc-nurse", "label": "護理師樣本・醫事人員卡", "kind": "hpc", "reader_id": None},
        {"card_id": "mute-card", "label": "無反應的卡（插反）", "kind": "mute", "reader_id": None},
    ],
    "readers": [{"reader_id": "r1", "label": "讀卡機 1"}, {"reader_id": "r2", "label": "讀卡機 2"}],
    "bluetooth": None,
    "link": {"mode": "up", "delay_ms": 0},
    "portal": {"clock_offset_s": 0, "faults": []},
    "binding": None,
}


def rooms(lesson_id: str = "", done: int = 0) -> Json:
    """Answers of the rooms' gateway with this lesson under way."""
    return {
        "GET /api/lab/lessons": board(lesson_id, done),
        "GET /api/lab/state": LAB,
        "POST /api/lab/time": {},
        "DELETE /api/lab/lessons": board(),
    } | {f"POST /api/lab/lessons/{lesson.lesson_id}/begin": board(lesson.lesson_id) for lesson in LESSONS}
