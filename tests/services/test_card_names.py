"""What a patient is called whose card cannot hold the name (G07): asked once, remembered, never taken for another's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.adapters.store.builders import KEY
from tests.services.conftest import READER
from visitbridge.adapters.store import SqlStore, open_store
from visitbridge.errors import CardAbsent, FieldInvalid, StoreReadOnly
from visitbridge.ports.card_names import CardName
from visitbridge.ports.store import Transaction
from visitbridge.services.card_kinds import PresentCard
from visitbridge.services.card_names import CardNameBook
from visitbridge.services.cards import CardDesk
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import CardPatient, CardsTopic
from visitbridge.sim.card import build_card
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.readers import VirtualReaders

T = TypeVar("T")

RARE = "patient-rare"
NAME = "陳𠮷樣本"


class Desk:
    """A reader, the card desk, and a store that remembers names."""

    def __init__(self, store: SqlStore, clock: FakeClock) -> None:
        self.store = store
        self.names = CardNameBook(store, clock)
        self.board = LiveBoard()
        self.cards = CardDesk(self.board, clock, realm="test", names=self.names)
        self.readers = VirtualReaders(clock, slots=1)

    async def insert(self, card_id: str) -> PresentCard:
        await self.readers.slots[0].insert(build_card(card_id))
        (reader,) = self.readers.readers()
        self.cards.slot_changed(reader.info, reader)
        await self.cards.recognise(reader)
        return self.cards.at(READER)

    async def confirm(self, name: str) -> None:
        _, record = self.cards.require_nhi(READER)
        await self.names.confirm(record, name, who="D900000001", phone_id="phone-1")
        await self.cards.call_anew(READER)

    def shown(self) -> CardPatient | None:
        topic = self.board.snapshot()["cards"]
        assert isinstance(topic, CardsTopic)
        return topic.readers[0].card.patient


@pytest.fixture
async def desk(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Desk]:
    async with open_store(tmp_path / "store.db", KEY, clock=clock) as store:
        yield Desk(store, clock)


async def test_G07_a_name_is_asked_for_once_and_known_the_next_time(desk: Desk, clock: FakeClock) -> None:
    before = await desk.insert(RARE)
    assert before.basic is not None
    assert (before.basic.name, before.name_open) == ("陳*樣本", True)
    await desk.confirm(NAME)
    patient = desk.shown()
    assert patient is not None
    assert (patient.name, patient.name_open) == (NAME, False)

    other_life = Desk(desk.store, clock)
    again = await other_life.insert(RARE)
    assert again.basic is not None
    assert (again.basic.name, again.basic.name_big5) == (NAME, before.basic.name_big5)
    assert not again.name_open


async def test_G07_a_card_whose_name_is_whole_is_never_asked_about(desk: Desk) -> None:
    present = await desk.insert("patient-wang")
    patient = desk.shown()
    assert patient is not None
    assert (present.name_open, patient.name_open) == (False, False)
    with pytest.raises(FieldInvalid):
        await desk.confirm("陳別人")


@pytest.mark.parametrize("name", ["林𠮷樣本", "陳樣本", "陳𠮷𠮷樣本", "陳\n樣本", "陳" * 61, "   "])
async def test_G07_no_other_name_is_put_onto_a_card(desk: Desk, name: str) -> None:
    await desk.insert(RARE)
    with pytest.raises(FieldInvalid) as refused:
        await desk.confirm(name)
    assert refused.value.field == "name"
    assert desk.cards.at(READER).name_open


async def test_a_mistaken_name_is_put_right(desk: Desk) -> None:
    await desk.insert(RARE)
    await desk.confirm("陳吉樣本")
    await desk.confirm(NAME)
    patient = desk.shown()
    assert patient is not None
    assert patient.name == NAME
    rows = await desk.store.read(lambda tx: tx.audit.rows())
    assert [(row.entry.act, row.entry.who) for row in rows] == [("card.name", "D900000001")] * 2


async def test_G07_a_card_with_other_bytes_is_asked_about_anew(desk: Desk, clock: FakeClock) -> None:
    present = await desk.insert(RARE)
    assert present.basic is not None
    old = CardName(
        card_no=present.basic.card_no, name_big5="B3AF2A", name="陳㛄樣本", confirmed_at=clock.now()
    )
    await desk.store.write(lambda tx: tx.card_names.put(old))
    assert (await desk.insert(RARE)).name_open


class FailingStore:
    """Answers nothing, as on a damaged card of memory."""

    async def read(self, work: Callable[[Transaction], T]) -> T:
        raise StoreReadOnly

    async def write(self, work: Callable[[Transaction], T]) -> T:
        raise StoreReadOnly


async def test_a_store_that_fails_keeps_no_card_from_being_read(desk: Desk, clock: FakeClock) -> None:
    present = await desk.insert(RARE)
    assert present.basic is not None
    assert await CardNameBook(FailingStore(), clock).called(present.basic) == (present.basic, True)


async def test_a_name_is_confirmed_for_the_card_that_is_in(desk: Desk) -> None:
    await desk.insert(RARE)
    await desk.readers.slots[0].pull()
    (reader,) = desk.readers.readers()
    desk.cards.slot_changed(reader.info, reader)
    with pytest.raises(CardAbsent):
        await desk.cards.call_anew(READER)
