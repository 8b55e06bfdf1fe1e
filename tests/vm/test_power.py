"""Killed, and with the power gone, in the middle of a day's work: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from tests.scenario.day import Json
from tests.vm.box import Box, open_box
from tests.vm.guest import Image
from tests.vm.power import ForgetfulGuest
from tests.vm.visits import effects, numbers_on_card, record_visit, wait_settled, wait_writing
from visitbridge.errors import DeviceError

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(2400)]


@pytest.fixture(autouse=True)
def nothing_leaks() -> None:
    """A machine that was switched on again is a new process, and stays for the tests that follow; ``box`` ends it."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box(installed: Image) -> AsyncIterator[Box]:
    async with open_box(installed, ForgetfulGuest) as opened:
        await opened.sign_in()
        yield opened


class Writer:
    """A phone on which somebody types without a pause; ``saved``: the last number that the box called saved."""

    def __init__(self, box: Box, visit: Json, text: str) -> None:
        self._box = box
        self._visit = visit
        self._text = text
        self.saved = 0
        self._saved_more = asyncio.Condition()

    async def run(self) -> None:
        """Until the box is gone."""
        with contextlib.suppress(DeviceError):
            for number in itertools.count(1):
                answer = await self._box.save(self._visit, {"subjective": f"{self._text}{number}"})
                assert "revision" in answer
                async with self._saved_more:
                    self.saved = number
                    self._saved_more.notify_all()

    async def wait_saved(self, count: int) -> None:
        """Return when this many texts were called saved."""
        async with asyncio.timeout(300), self._saved_more:
            await self._saved_more.wait_for(lambda: self.saved >= count)


async def be_killed(box: Box) -> None:
    """By the kernel, as when memory runs out; systemd starts it again."""
    pid = (
        await box.inside("systemctl", "show", "--property=MainPID", "--value", "visitbridge.service")
    ).strip()
    await box.inside("kill", "-KILL", pid)
    await box.inside("sh", "-c", f"while [ -e /proc/{pid} ]; do :; done")
    await box.machine.wait_ready()


async def lose_power(box: Box) -> None:
    """The whole machine, and what its disk had not been told to keep."""
    await box.machine.cut_power()
    await box.machine.switch_on()


@pytest.mark.parametrize(
    ("strike", "card_id"),
    [
        pytest.param(be_killed, "patient-wang", id="kill -9"),
        pytest.param(lose_power, "patient-lin", id="power cut"),
    ],
)
async def test_a_day_goes_on_where_it_was_struck(
    box: Box, strike: Callable[[Box], Awaitable[None]], card_id: str
) -> None:
    """One visit finished and being written onto its card, one being typed."""
    before = effects(box)
    await box.insert("patient-rare", reader=1)
    typed = await box.start(reader=1)
    writer = Writer(box, typed, f"{card_id} ")
    await box.insert(card_id)
    await box.lab.ask("POST", "/link", {"mode": "slow", "delay_ms": 1000})
    finished = await record_visit(box)
    await wait_writing(box, finished)
    typing = asyncio.create_task(writer.run())
    await writer.wait_saved(3)
    await strike(box)
    await typing
    await box.lab.ask("POST", "/link", {"mode": "up"})
    await box.wait_open()
    (done,) = await wait_settled(box, finished)
    draft = await box.call("GET", f"/api/visits/{typed['visit']['visit_id']}")
    await box.pull()
    await box.pull(reader=1)
    kept, _, number = draft["visit"]["content"]["subjective"].partition(" ")

    assert (kept, int(number) >= writer.saved) == (card_id, True)
    assert numbers_on_card(box, card_id) == [("closed", done["visit"]["sequence"]["number"])]
    assert {kind: count - before.get(kind, 0) for kind, count in effects(box).items()} == {
        "card_visit": 1,
        "visit": 1,
        "ic_record": 1,
    }
