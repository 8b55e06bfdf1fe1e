"""Lessons in real training rooms: what the rooms see of them, also after hours that passed at once (ux §3.9)."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE_S
from visitbridge.domain.people import BoxRole
from visitbridge.sim.card.profiles import LAB_PIN
from visitbridge.sim.lab.client import LabClient, PhoneClient, open_lab_client, open_phone
from visitbridge.sim.lab.lab import RunningLab
from visitbridge.sim.training.__main__ import open_rooms
from visitbridge.sim.training.admissions import Admissions, Visitor

TWENTY_HOURS_S = 72_000


class Trainee:
    """A phone in the rooms, and a hand on the table."""

    def __init__(self, phone: PhoneClient, table: LabClient) -> None:
        self.phone = phone
        self._table = table

    async def insert_card(self) -> None:
        await self._table.ask("POST", "/cards/hpc-doctor/insert", {"reader_id": "virtual-1"})
        await self._until("/api/state", lambda state: "hpc" in str(state["cards"]["readers"]))

    async def sign_in(self) -> None:
        order = {"reader_id": "virtual-1", "pin": LAB_PIN}
        await self.phone.call("POST", "/api/staff/sessions", order)

    async def until_done(self, count: int) -> None:
        await self._until("/api/lab/lessons", lambda board: board["current"]["done"] >= count)

    async def _until(self, path: str, holds: Any) -> None:
        until_s = time.monotonic() + PATIENCE_S
        while not holds(found := await self.phone.call("GET", path)):
            assert time.monotonic() < until_s, found
            await asyncio.sleep(0.2)


@pytest.fixture
async def rooms() -> AsyncIterator[RunningLab]:
    with tempfile.TemporaryDirectory(prefix="vb-rooms-") as folder:
        async with open_rooms(Path(folder)) as lab:
            yield lab


async def test_T08_a_sign_in_that_runs_out_is_seen_and_phones_still_come_in(rooms: RunningLab) -> None:
    admissions = Admissions(rooms.phone, rooms.facts)
    visitor = Visitor(phone_id="p1", name="護理師手機", role=BoxRole.USER)
    async with open_lab_client(rooms.places.root) as table, open_phone(rooms.facts) as phone:
        phone.resume((await admissions.admit(visitor)).session)
        trainee = Trainee(phone, table)
        await phone.call("POST", "/api/lab/lessons/hpc_over/begin", {})
        await trainee.insert_card()
        await trainee.sign_in()
        await trainee.until_done(1)
        await phone.call("POST", "/api/lab/time", {"advance_s": TWENTY_HOURS_S})
        await trainee.until_done(2)
        await trainee.sign_in()
        await trainee.until_done(3)
        later = await admissions.admit(Visitor(phone_id="p2", name="醫師手機", role=BoxRole.USER))

    assert later.session not in {"", phone.session}
