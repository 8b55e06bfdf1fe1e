"""Names that people confirmed for cards (G07)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec

from tests.adapters.store.builders import KEY, NOW, save, visit
from visitbridge.adapters.store import SqlStore, open_store
from visitbridge.ports.card_names import CardName
from visitbridge.sim.clock import FakeClock

WANG = CardName(card_no="900000000001", name_big5="A4FD2A", name="王𠮷", confirmed_at=NOW)
LIN = msgspec.structs.replace(WANG, card_no="900000000002", name="林㛄")
DAY = dt.timedelta(days=1)


async def test_G07_a_confirmed_name_is_there_after_a_restart(path: Path, clock: FakeClock) -> None:
    async with open_store(path, KEY, clock=clock) as store:
        await store.write(lambda tx: tx.card_names.put(WANG))
    async with open_store(path, KEY, clock=clock) as store:
        assert await store.read(lambda tx: tx.card_names.get(WANG.card_no)) == WANG
        assert await store.read(lambda tx: tx.card_names.get(LIN.card_no)) is None


async def test_a_name_is_replaced_by_the_next_one(store: SqlStore) -> None:
    later = msgspec.structs.replace(WANG, name="王吉", confirmed_at=NOW + DAY)
    await store.write(lambda tx: tx.card_names.put(WANG))
    await store.write(lambda tx: tx.card_names.put(later))
    assert await store.read(lambda tx: tx.card_names.get(WANG.card_no)) == later
    assert await store.write(lambda tx: tx.card_names.clear(NOW + DAY)) == 0


async def test_names_of_cards_without_visits_are_forgotten(store: SqlStore) -> None:
    await save(store, visit())
    await store.write(lambda tx: tx.card_names.put(WANG))
    await store.write(lambda tx: tx.card_names.put(LIN))
    assert await store.write(lambda tx: tx.card_names.clear(NOW)) == 0
    assert await store.write(lambda tx: tx.card_names.clear(NOW + DAY)) == 1
    assert await store.read(lambda tx: tx.card_names.get(WANG.card_no)) == WANG
    assert await store.read(lambda tx: tx.card_names.get(LIN.card_no)) is None
