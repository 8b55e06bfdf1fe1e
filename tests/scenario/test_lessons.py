"""Every lesson of the training rooms, taken by a phone as its tasks say, in real rooms: box, cards, TLS and portal run (ux §3.9).

One after the other in the same rooms, as on an afternoon of training. ``online`` and ``hpc_over`` are taken elsewhere:
``tests/webui/test_training_rooms.py`` in a browser, and :mod:`tests.scenario.test_training`.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from visitbridge.domain.people import BoxRole
from visitbridge.sim.lab.client import PhoneClient, open_lab_client, open_phone
from visitbridge.sim.scenario.engine import Engine
from visitbridge.sim.scenario.model import (
    AnyStep,
    Call,
    Check,
    FinishVisit,
    Insert,
    Link,
    Look,
    Pull,
    SaveVisit,
    Scenario,
    SignIn,
    StartVisit,
)
from visitbridge.sim.training.__main__ import open_rooms
from visitbridge.sim.training.admissions import Admissions, Visitor
from visitbridge.sim.training.lessons import LESSONS

pytestmark = pytest.mark.timeout(900)

_TWENTY_HOURS_S = 72_000
_VISIT = "visit"
_WANG, _LIN = "patient-wang", "patient-lin"
_DIAGNOSIS = {"code": "I10", "name_zh": "本態性(原發性)高血壓"}
TAKEN_ELSEWHERE = {"online", "hpc_over"}


def written(subjective: str = "頭暈兩天") -> SaveVisit:
    return SaveVisit(visit=_VISIT, content={"subjective": subjective, "diagnoses": [_DIAGNOSIS]})


SIGN_IN: tuple[AnyStep, ...] = (Insert(card="hpc-doctor", reader=1), SignIn(reader=1), Pull(reader=1))
# A lesson may begin with a card in the second reader, which the box still has to read.
SECOND_CARD_READ = Look(
    api="/api/state",
    where=(Check(at="cards.readers[1].card.kind", equals="nhi"),),
    within_s=PATIENCE_S,
)
# A visit is corrected once nothing of it is on its way any more.
ONLY_ONE_WAITS = Look(api="/api/state", where=(Check(at="queue.depth", equals=1),), within_s=PATIENCE_S)
FINISHED: tuple[AnyStep, ...] = (written(), FinishVisit(visit=_VISIT, mode=4))


def seen(card: str = _WANG, reader: int = 1) -> tuple[AnyStep, ...]:
    """A visit from card to finish."""
    return (Insert(card=card, reader=reader), StartVisit(visit=_VISIT, reader=reader), *FINISHED)


@dataclass
class Trainee:
    """A phone in the rooms with a hand on the table."""

    phone: PhoneClient
    engine: Engine

    async def begin(self, lesson_id: str) -> None:
        await self.phone.call("POST", f"/api/lab/lessons/{lesson_id}/begin", {})

    async def do(self, *steps: AnyStep, done: int) -> None:
        """Act, then wait until the rooms have ticked off so many tasks."""
        await self.engine.run(Scenario(title="lesson", steps=steps))
        await self.wait_done(done)

    async def wait_done(self, count: int) -> None:
        until_s = time.monotonic() + PATIENCE_S
        while (board := await self.phone.call("GET", "/api/lab/lessons"))["current"]["done"] < count:
            assert time.monotonic() < until_s, (board["current"], await self.phone.call("GET", "/api/state"))
            await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def open_trainee() -> AsyncIterator[Trainee]:
    with tempfile.TemporaryDirectory(prefix="vb-rooms-") as folder:
        async with (
            open_rooms(Path(folder)) as rooms,
            open_lab_client(rooms.places.root) as table,
            open_phone(rooms.facts) as phone,
        ):
            visitor = Visitor(phone_id="p1", name="護理師手機", role=BoxRole.USER)
            phone.resume((await Admissions(rooms.phone, rooms.facts).admit(visitor)).session)
            yield Trainee(phone, Engine(phone, table, lambda _: None))


async def no_vpn(trainee: Trainee) -> None:
    await trainee.do(*SIGN_IN, done=1)
    await trainee.do(Link(mode="down"), done=2)
    await trainee.do(*seen(), done=3)
    await trainee.do(Link(mode="up"), done=5)


async def lost_reply(trainee: Trainee) -> None:
    await trainee.do(*seen(), done=3)


async def wrong_card(trainee: Trainee) -> None:
    await trainee.do(
        Insert(card=_WANG, reader=1),
        StartVisit(visit=_VISIT, reader=1),
        written(),
        done=2,
    )
    await trainee.do(Pull(reader=1), Insert(card=_LIN, reader=1), done=3)
    await trainee.do(FinishVisit(visit=_VISIT, mode=4), done=4)
    await trainee.do(Pull(reader=1), Insert(card=_WANG, reader=1), done=6)


async def card_pulled(trainee: Trainee) -> None:
    await trainee.do(SECOND_CARD_READ, StartVisit(visit=_VISIT, reader=2), *FINISHED, done=2)
    await trainee.do(Insert(card=_WANG, reader=2), done=4)


async def rejected(trainee: Trainee) -> None:
    await trainee.do(*seen(), done=2)
    await trainee.do(
        ONLY_ONE_WAITS,
        Call(path=f"/api/visits/${{{_VISIT}.visit.visit_id}}", keep=_VISIT),
        written("頭暈三天,夜間加重"),
        done=3,
    )


async def late(trainee: Trainee) -> None:
    await trainee.do(Link(mode="down"), done=2)
    await trainee.do(*seen(), done=3)
    await trainee.phone.call("POST", "/api/lab/time", {"advance_s": _TWENTY_HOURS_S})
    await trainee.wait_done(4)
    await trainee.do(Link(mode="up"), done=5)
    await trainee.do(Pull(reader=1), *SIGN_IN, Insert(card=_WANG, reader=1), done=6)


PLAYED: dict[str, Callable[[Trainee], Awaitable[None]]] = {
    play.__name__: play for play in (no_vpn, lost_reply, wrong_card, card_pulled, rejected, late)
}


async def test_T08_each_lesson_is_passed_by_doing_what_it_says() -> None:
    async with open_trainee() as trainee:
        for lesson_id, play in PLAYED.items():
            await trainee.begin(lesson_id)
            await play(trainee)


def test_T08_no_lesson_is_left_out() -> None:
    assert PLAYED.keys() | TAKEN_ELSEWHERE == {lesson.lesson_id for lesson in LESSONS}
