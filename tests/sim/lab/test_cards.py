from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from visitbridge.errors import CardRemoved, NotFound
from visitbridge.protocols.nhi.basic import READ_BASIC, SELECT_NHI
from visitbridge.sim.card import CARD_IDS, Pull, PullMoment
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.lab.cards import CardTable
from visitbridge.sim.readers import VirtualReaders
from visitbridge.sim.vpcd import VpcdSlot


async def never() -> socket.socket:
    raise ConnectionRefusedError


@pytest.fixture
async def table(tmp_path: Path) -> AsyncIterator[CardTable]:
    slots = {name: VpcdSlot(name.upper(), name, never) for name in ("left", "right")}
    yield CardTable(slots, tmp_path)
    for slot in slots.values():
        await slot.pull()


def whereabouts(table: CardTable) -> dict[str, str | None]:
    return {card.card_id: card.reader_id for card in table.cards() if card.reader_id is not None}


async def test_all_cards_begin_on_the_table(table: CardTable) -> None:
    assert {card.card_id for card in table.cards()} == set(CARD_IDS)
    assert whereabouts(table) == {}
    assert [(place.reader_id, place.label) for place in table.readers()] == [
        ("left", "LEFT"),
        ("right", "RIGHT"),
    ]


async def test_a_card_is_in_one_place(table: CardTable) -> None:
    await table.insert("patient-wang", "left")
    await table.insert("patient-wang", "right")
    assert whereabouts(table) == {"patient-wang": "right"}


async def test_a_reader_holds_one_card(table: CardTable) -> None:
    await table.insert("patient-wang", "left")
    await table.insert("patient-lin", "left")
    assert whereabouts(table) == {"patient-lin": "left"}
    await table.pull("left")
    assert whereabouts(table) == {}


@pytest.mark.parametrize(("card_id", "reader_id"), [("nobody", "left"), ("patient-wang", "middle")])
async def test_unknown_cards_and_readers_change_nothing(
    table: CardTable, card_id: str, reader_id: str
) -> None:
    await table.insert("patient-lin", "left")
    with pytest.raises(NotFound):
        await table.insert(card_id, reader_id)
    assert whereabouts(table) == {"patient-lin": "left"}


async def test_memory_can_be_looked_at(table: CardTable) -> None:
    assert table.memory("patient-wang").kind == "nhi"
    with pytest.raises(NotFound):
        table.memory("nobody")


async def test_a_card_tells_of_its_commands_and_of_leaving_at_one_of_them(tmp_path: Path) -> None:
    clock = FakeClock()
    readers = VirtualReaders(clock, slots=1)
    (slot,) = readers.slots
    table = CardTable({"left": slot}, tmp_path)
    await table.insert("patient-wang", "left", Pull(PullMoment.DURING, 2))
    async with readers.readers()[0].open_session("lab", deadline_s=10) as channel:
        await channel.transmit(SELECT_NHI)
        assert stay_of(table) == (1, False)
        with pytest.raises(CardRemoved):
            await channel.transmit(READ_BASIC)
    assert stay_of(table) == (2, True)
    assert whereabouts(table) == {}
    await table.insert("patient-wang", "left")
    assert stay_of(table) == (0, False)


def stay_of(table: CardTable) -> tuple[int, bool]:
    (card,) = (card for card in table.cards() if card.card_id == "patient-wang")
    return card.commands, card.left_by_itself
