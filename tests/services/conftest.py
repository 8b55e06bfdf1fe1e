"""A desk with virtual readers and cards, over the data centre that needs no process of its own."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from visitbridge.adapters.store import open_store
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.device import BindTicket, DeviceInfo
from visitbridge.services.cards import CardDesk, PresentCard
from visitbridge.services.live import LiveBoard
from visitbridge.services.relay import CardRelay
from visitbridge.services.staff import StaffDesk, StaffPolicy
from visitbridge.sim.card import build_card
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.contacts import Contacts
from visitbridge.sim.readers import VirtualReaders
from visitbridge.sim.signature_only.adapter import SignatureOnlyDataCentre
from visitbridge.sim.signature_only.service import SignatureService

READER = "virtual-1"
SECOND_READER = "virtual-2"
PHONE = "phone-1"


class Room:
    """What the services under test share; ``calls`` counts what the data centre was asked."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.board = LiveBoard()
        self.service = SignatureService(now=clock.now)
        self.data_centre = SignatureOnlyDataCentre(self.service, monotonic=clock.monotonic)
        self.readers = VirtualReaders(clock)
        self.desk = CardDesk(self.board, realm="test")
        self.relay = CardRelay(self.desk, self.data_centre, clock)
        numbers = itertools.count(1)
        self.staff = StaffDesk(
            store,
            self.desk,
            self.data_centre,
            self.board,
            clock,
            new_id=lambda: f"session-{next(numbers)}",
            policy=StaffPolicy(),
        )

    async def bind(self) -> None:
        ticket = BindTicket(url="https://portal.invalid", token="t", ca_pem="")
        info = DeviceInfo(sheet_id="s", name="box", kind="k", os_version="o", software_version="v")
        await self.data_centre.bind(ticket, "0219", info)
        await self.data_centre.verify_sam()

    async def insert(self, card: Contacts, *, slot: int = 0) -> PresentCard:
        """Put a card in and wait until it is recognised."""
        await self.readers.slots[slot].insert(card)
        reader_id = (READER, SECOND_READER)[slot]
        await wait_for(lambda: self._recognised(reader_id))
        return self.desk.at(reader_id)

    async def pull(self, *, slot: int = 0) -> None:
        await self.readers.slots[slot].pull()
        reader_id = (READER, SECOND_READER)[slot]
        await wait_for(lambda: self.desk.at(reader_id).kind == "none")

    def _recognised(self, reader_id: str) -> bool:
        cards = {card.reader_id: card for card in self.desk.present()}
        return reader_id in cards and cards[reader_id].kind not in {"none", "reading"}


async def wait_for(condition: Callable[[], bool]) -> None:
    """Let the loop run until ``condition`` holds; five real seconds at the most."""
    deadline_s = time.monotonic() + 5
    for _ in itertools.takewhile(lambda _: time.monotonic() < deadline_s, itertools.count()):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("condition never held")


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "box.db", bytes(range(32)), clock=clock) as opened:
        yield opened


@pytest.fixture
async def room(store: Store, clock: FakeClock) -> AsyncIterator[Room]:
    room = Room(store, clock)
    await room.bind()
    services = (room.desk.watcher("readers", room.readers), room.staff)
    tasks = [asyncio.ensure_future(service.run(lambda: None)) for service in services]
    await wait_for(lambda: len(room.desk.present()) == 2)
    yield room
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@pytest.fixture
def card() -> Callable[[str], Contacts]:
    """Build a virtual card by its id, its memory in this process only."""
    return lambda card_id: build_card(card_id, None)
