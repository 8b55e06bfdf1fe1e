"""The visit's routes over HTTPS, on a desk with the real encrypted store and cards that a test puts in."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.api.house import Answer, House, Phone, open_house
from tests.services.visits.room import READER, Room
from visitbridge.adapters.store import open_store
from visitbridge.api.resources.drafts import Drafts
from visitbridge.api.resources.outbox import JobItems
from visitbridge.api.resources.retention import History
from visitbridge.api.resources.visits import Visits
from visitbridge.domain.people import Right
from visitbridge.ports.records import PairedPhone
from visitbridge.services.retention import RetentionDesk
from visitbridge.sim.clock import FakeClock
from visitbridge.words import load_catalogue

DRUG: dict[str, Any] = {
    "kind": "drug",
    "code": "TEST000001",
    "dose": 1.0,
    "frequency": "QD",
    "route": "PO",
    "days": 7,
    "total": 7.0,
}


def content(**changes: Any) -> dict[str, Any]:
    """What a phone sends of a visit that lacks nothing."""
    return {"diagnoses": [{"code": "I10"}], "orders": [DRUG], **changes}


@dataclass(slots=True)
class VisitHouse:
    """``phone`` is signed in and edits, ``owner`` was paired first; ``room`` is what the desk stands in."""

    house: House
    room: Room
    owner: Phone
    phone: Phone

    async def pair(self, name: str) -> Phone:
        phone = await self.house.pair(name)
        self.house.staff.sign_in(phone.phone_id, Right.VISITS)
        await self.room.pair(phone.phone_id, name)
        return phone

    async def start(self, phone: Phone | None = None, **order: Any) -> dict[str, Any]:
        answer = await (phone or self.phone).post("/api/visits", {"reader_id": READER, **order})
        assert answer.status == 201, answer.body
        view: dict[str, Any] = answer.json
        return view

    async def save(self, visit: dict[str, Any], sent: dict[str, Any], phone: Phone | None = None) -> Answer:
        """Save on top of the revision that ``visit`` holds, which moves on with it."""
        record = visit["visit"]
        answer = await (phone or self.phone).put(
            f"/api/visits/{record['visit_id']}/content", {"revision": record["revision"], "content": sent}
        )
        record["revision"] = answer.json.get("revision", record["revision"])
        return answer

    async def finish(self, visit: dict[str, Any], mode: int = 4, phone: Phone | None = None) -> Answer:
        record = visit["visit"]
        return await (phone or self.phone).post(
            f"/api/visits/{record['visit_id']}/finish", {"revision": record["revision"], "mode": mode}
        )

    async def get(self, visit: dict[str, Any], part: str = "") -> dict[str, Any]:
        answer = await self.phone.get(f"/api/visits/{visit['visit']['visit_id']}{part}")
        assert answer.status == 200, answer.body
        view: dict[str, Any] = answer.json
        return view

    async def filled(self, **changes: Any) -> dict[str, Any]:
        """A draft with ``content(**changes)`` saved, as the box has it."""
        visit = await self.start()
        answer = await self.save(visit, content(**changes))
        assert answer.status == 200, answer.body
        return await self.get(visit)

    async def finished(self, mode: int = 4, **changes: Any) -> dict[str, Any]:
        answer = await self.finish(await self.filled(**changes), mode)
        assert answer.status == 200, answer.body
        view: dict[str, Any] = answer.json
        return view


class NobodyElse:
    """One phone alone at the reader."""

    def use(self, reader_id: str, phone: PairedPhone) -> None:
        """It is always its turn."""


@contextlib.asynccontextmanager
async def open_visit_house(folder: Path, clock: FakeClock) -> AsyncIterator[VisitHouse]:
    """One paired phone, signed in; an NHI card in the reader; the link up."""
    (folder / "visits").mkdir()
    async with open_store(folder / "visits" / "store.db", bytes(32), clock=clock) as store:
        room = Room(store)
        visits = Visits(room.desk, JobItems(load_catalogue()), room.clock, NobodyElse())
        history = History(RetentionDesk(store, room.clock))
        routes = [*visits.routes(), *Drafts(room.desk, visits).routes(), *history.routes()]
        async with open_house(folder, clock, routes=routes, board=room.world.board) as house:
            owner = await house.pair()
            opened = VisitHouse(house, room, owner, owner)
            opened.phone = await opened.pair("林護理師 iPhone")
            yield opened
