from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from visitbridge.errors import NotFound
from visitbridge.sim.card import CARD_IDS
from visitbridge.sim.lab.cards import CardTable
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
