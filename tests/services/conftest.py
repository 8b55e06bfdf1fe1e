"""A desk with virtual readers and cards; every test runs on both kinds of data centre (data-centre.md §5)."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.contract.datacentre_benches import BENCHES, Bench, OpenBench
from tests.patience import PATIENCE_S
from visitbridge.adapters.store import open_store
from visitbridge.ports.store import Store
from visitbridge.services.card_kinds import PresentCard
from visitbridge.services.cards import CardDesk
from visitbridge.services.live import LiveBoard
from visitbridge.services.relay import CardRelay
from visitbridge.services.staff import StaffDesk
from visitbridge.services.staff_terms import StaffPolicy
from visitbridge.sim.card import build_card
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.contacts import Contacts
from visitbridge.sim.readers import VirtualReaders

READER = "virtual-1"
SECOND_READER = "virtual-2"
PHONE = "phone-1"


class Room:
    """What the services under test share. ``set_line``: ``up``, ``down`` or ``deaf``."""

    def __init__(self, store: Store, clock: FakeClock, bench: Bench) -> None:
        self.store = store
        self.clock = clock
        self.board = LiveBoard()
        self.data_centre = bench.data_centre
        self.institution = bench.institution
        self.set_line = bench.set_line
        self.readers = VirtualReaders(clock)
        self.desk = CardDesk(self.board, clock, realm="test")
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
    """Let the loop run until ``condition`` holds."""
    deadline_s = time.monotonic() + PATIENCE_S
    for _ in itertools.takewhile(lambda _: time.monotonic() < deadline_s, itertools.count()):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("condition never held")


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "box.db", bytes(range(32)), clock=clock) as opened:
        yield opened


@pytest.fixture(params=tuple(BENCHES.values()), ids=tuple(BENCHES))
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    open_bench: OpenBench = request.param
    async with open_bench(tmp_path / "other side") as opened:
        await opened.get_ready()
        yield opened


@pytest.fixture
async def room(store: Store, clock: FakeClock, bench: Bench) -> AsyncIterator[Room]:
    clock.jump((bench.now() - clock.now()).total_seconds())
    room = Room(store, clock, bench)
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
