"""The table of a job's life: what it allows, and above all what it does not."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.domain.job_states import (
    AFTER_A_CRASH,
    IN_FLIGHT,
    STARTABLE,
    IllegalMove,
    Move,
    Path,
    allows,
    moved,
    next_state,
    table,
)
from visitbridge.domain.jobs import LINK, Job, JobState

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
MAY_HAVE_HAD_AN_EFFECT = {JobState.EXECUTING, JobState.UNKNOWN, JobState.WRITTEN}


def job(state: JobState) -> Job:
    return Job(
        job_id="job-1",
        kind="upload.visit",
        key="key-1",
        visit_id="visit-1",
        position=1,
        state=state,
        needs=(LINK,),
        payload=b"",
        digest="",
        revision=1,
        created_at=NOW,
        due_at=NOW,
    )


@pytest.mark.parametrize(
    ("path", "moves", "end"),
    [
        (Path.UPLOAD, [Move.LEASE, Move.EXECUTE, Move.CONFIRM], JobState.CONFIRMED),
        (Path.UPLOAD, [Move.LEASE, Move.EXECUTE, Move.DOUBT, Move.LEASE, Move.PUT_BACK], JobState.QUEUED),
        (Path.UPLOAD, [Move.LEASE, Move.EXECUTE, Move.REJECT, Move.REVISE], JobState.QUEUED),
        (Path.UPLOAD, [Move.LEASE, Move.EXECUTE, Move.CONFIRM, Move.RESEND], JobState.QUEUED),
        (Path.CARD, [Move.LEASE, Move.PREPARE, Move.EXECUTE, Move.WRITE, Move.CONFIRM], JobState.CONFIRMED),
        (Path.CARD, [Move.LEASE, Move.PREPARE, Move.EXECUTE, Move.DOUBT, Move.WRITE], JobState.WRITTEN),
        (
            Path.CARD,
            [Move.LEASE, Move.PREPARE, Move.EXECUTE, Move.WRITE, Move.CONFIRM, Move.RESEND],
            JobState.WRITTEN,
        ),
        (Path.QUERY, [Move.LEASE, Move.CONFIRM], JobState.CONFIRMED),
        (Path.UPLOAD, [Move.HAND_OFF, Move.CONFIRM], JobState.CONFIRMED),
        (Path.UPLOAD, [Move.HAND_OFF, Move.REJECT, Move.REVISE], JobState.QUEUED),
        (Path.UPLOAD, [Move.HOLD, Move.RELEASE, Move.HAND_OFF, Move.TAKE_BACK], JobState.QUEUED),
    ],
)
def test_ways_through(path: Path, moves: list[Move], end: JobState) -> None:
    row = job(JobState.QUEUED)
    for move in moves:
        row = moved(row, path, move)
    assert row.state is end


@pytest.mark.parametrize(
    ("state", "move"),
    [
        # Nothing that may have touched the card goes back to the queue or to a person but by asking.
        (JobState.EXECUTING, Move.PUT_BACK),
        (JobState.EXECUTING, Move.REJECT),
        (JobState.EXECUTING, Move.LEASE),
        (JobState.WRITTEN, Move.PUT_BACK),
        (JobState.WRITTEN, Move.EXECUTE),
        (JobState.UNKNOWN, Move.EXECUTE),
        (JobState.UNKNOWN, Move.REJECT),
        (JobState.UNKNOWN, Move.REVISE),
        (JobState.UNKNOWN, Move.HOLD),
        (JobState.LEASED, Move.EXECUTE),
        (JobState.QUEUED, Move.CONFIRM),
        (JobState.CONFIRMED, Move.LEASE),
        (JobState.CONFIRMED, Move.REVISE),
    ],
)
def test_what_a_card_job_must_never_do(state: JobState, move: Move) -> None:
    with pytest.raises(IllegalMove):
        next_state(Path.CARD, state, move)


@pytest.mark.parametrize("path", Path)
@pytest.mark.parametrize("state", sorted(MAY_HAVE_HAD_AN_EFFECT))
@pytest.mark.parametrize("move", [Move.REVISE, Move.HOLD, Move.HAND_OFF, Move.RELEASE])
def test_people_cannot_move_what_may_have_had_an_effect(path: Path, state: JobState, move: Move) -> None:
    assert not allows(path, state, move)


@pytest.mark.parametrize("path", Path)
def test_every_state_in_flight_has_a_way_back_after_a_crash(path: Path) -> None:
    used = set(table(path).values()) & IN_FLIGHT
    assert all(allows(path, state, AFTER_A_CRASH[state]) for state in used)
    assert all(next_state(path, state, AFTER_A_CRASH[state]) in STARTABLE for state in used)


@given(path=st.sampled_from(Path), moves=st.lists(st.sampled_from(Move), max_size=30))
def test_no_order_of_moves_confirms_what_never_left_the_box(path: Path, moves: list[Move]) -> None:
    row = job(JobState.QUEUED)
    passed = {row.state}
    for move in moves:
        row = moved(row, path, move) if allows(path, row.state, move) else row
        passed.add(row.state)
    proof = {
        Path.UPLOAD: {JobState.EXECUTING, JobState.HANDED_OFF},
        Path.CARD: {JobState.WRITTEN, JobState.UNKNOWN},
        Path.QUERY: {JobState.LEASED},
    }
    assert JobState.CONFIRMED not in passed or passed & proof[path]


def test_a_move_keeps_the_rest_of_the_row() -> None:
    before = job(JobState.QUEUED)
    after = moved(before, Path.UPLOAD, Move.LEASE, fence=7)
    assert (after.state, after.fence, after.key, after.payload) == (JobState.LEASED, 7, before.key, b"")
    assert before.state is JobState.QUEUED
