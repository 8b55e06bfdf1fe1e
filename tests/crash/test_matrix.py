"""A spread sample of ``./dev crash``, and proof that its judge sees what it is there to see."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import msgspec
import pytest

from tests.crash.case import Case, Outcome, run_case
from tests.crash.matrix import explore, kinds_of, lay_out, spread
from tests.crash.soak import SoakPlan, soak
from tests.crash.truth import broken_promises
from tests.crash.ways import WAYS
from tests.crash.words import Kind
from tests.crash.world import Patient, open_world
from visitbridge.domain.job_states import Path as JobPath
from visitbridge.sim.card.nhi_memory import NhiMemory
from visitbridge.sim.faults import Blow

_SAMPLE = 45


async def test_nothing_is_lost_or_doubled_wherever_it_is_hit(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        kinds = await kinds_of(world)
        walks = [walk async for walk in explore(world, kinds)]
        matrix = lay_out(kinds, walks)
        outcomes = [await run_case(world, case) for case in spread(matrix.cases, _SAMPLE)]

    assert matrix.unreached == ()
    assert [_failure(outcome) for outcome in (*walks, *outcomes) if outcome.wrong] == []
    assert {outcome.case.fault.blow for outcome in outcomes if outcome.case.fault} == set(Blow)
    assert all(outcome.struck for outcome in outcomes)


async def test_a_long_day_with_kills_ends_with_everything_delivered_once(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        kinds = await kinds_of(world)
        result = await soak(world, kinds, SoakPlan(visits=200, kills=5, kill_every=500), life_s=120)

    assert result.wrong == ()
    assert (result.visits >= 200, result.kills) == (True, 5)
    assert result.cuts > 0
    assert result.lost_replies > 0


async def test_the_judge_sees_what_is_broken(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        kind = next(kind for kind in await kinds_of(world) if kind.name == "card.write_visit")
        outcome = await run_case(world, Case(kind=kind, way=WAYS[kind.path][0]))
        portal_db = world.portal_db
    patient, other = (
        Patient(number=1, folder=tmp_path / "cards"),
        Patient(number=2, folder=tmp_path / "cards"),
    )
    told = outcome.told
    assert outcome.wrong == ()
    assert told is not None
    memory = msgspec.json.decode(patient.memory_file.read_bytes(), type=NhiMemory)

    assert broken_promises(portal_db, told, patient, other) == ()
    # The same record on somebody else's card.
    other.memory_file.write_bytes(patient.memory_file.read_bytes())
    assert broken_promises(portal_db, told, patient, other) == ("another patient's card was written to",)
    other.memory_file.unlink()
    # A number taken twice.
    memory.entries[0].mutations["take_sequence"] = 2
    patient.memory_file.write_bytes(msgspec.json.encode(memory))
    assert broken_promises(portal_db, told, patient, other) == ("take_sequence 2 times",)
    # A second record.
    memory.entries[0].mutations["take_sequence"] = 1
    patient.memory_file.write_bytes(
        msgspec.json.encode(msgspec.structs.replace(memory, entries=memory.entries * 2))
    )
    assert broken_promises(portal_db, told, patient, other)[0] == "2 visits on the card, 2 closed, 1 wanted"
    # An effect that the portal does not have.
    patient.memory_file.write_bytes(msgspec.json.encode(memory))
    with contextlib.closing(sqlite3.connect(portal_db)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM receipts WHERE kind = 'card_prescription'")
        connection.commit()
    (lost,) = broken_promises(portal_db, told, patient, other)
    assert lost.startswith("the portal has {'card_visit': 1}")


def _failure(outcome: Outcome) -> str:
    return f"{outcome.case.name}: {'; '.join(outcome.wrong)}"


@pytest.mark.parametrize(
    ("count", "expected"), [(3, [0, 3, 6]), (10, list(range(10))), (99, list(range(10)))]
)
def test_a_sample_is_spread_evenly(count: int, expected: list[int]) -> None:
    kind = Kind(name="", path=JobPath.UPLOAD, route="", steps=())
    cases = [
        Case(kind=msgspec.structs.replace(kind, name=str(number)), way=WAYS[kind.path][0])
        for number in range(10)
    ]

    assert [int(case.kind.name) for case in spread(cases, count)] == expected
