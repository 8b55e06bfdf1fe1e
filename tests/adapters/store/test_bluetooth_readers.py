"""Remembered Bluetooth readers, with one or two keys each."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.adapters.store.builders import KEY, NOW
from visitbridge.adapters.store import SqlStore, open_store
from visitbridge.ports.bluetooth import ReaderFamily, RememberedReader
from visitbridge.sim.clock import FakeClock

ACS = RememberedReader(
    reader_id="ble-0200000000a1",
    address="02:00:00:00:00:A1",
    family=ReaderFamily.ACS,
    model="ACR3901U-S1",
    name="一號讀卡機",
    remembered_at=NOW,
    key=bytes(range(16)),
    next_key=bytes(range(16, 32)),
)
FEITIAN = RememberedReader(
    reader_id="ble-0200000000b1",
    address="02:00:00:00:00:B1",
    family=ReaderFamily.FEITIAN,
    model="FT_1",
    name="FT_1",
    remembered_at=NOW,
)


async def test_readers_come_back_whole_after_a_restart(path: Path, clock: FakeClock) -> None:
    async with open_store(path, KEY, clock=clock) as store:
        await store.write(lambda tx: tx.bluetooth_readers.put(FEITIAN))
        await store.write(lambda tx: tx.bluetooth_readers.put(ACS))
    async with open_store(path, KEY, clock=clock) as store:
        assert await store.read(lambda tx: list(tx.bluetooth_readers.all())) == [ACS, FEITIAN]
        assert await store.read(lambda tx: tx.bluetooth_readers.get(ACS.reader_id)) == ACS


async def test_the_newer_replaces_and_a_removed_one_is_gone(store: SqlStore) -> None:
    settled = msgspec.structs.replace(ACS, key=ACS.next_key, next_key=None)
    await store.write(lambda tx: tx.bluetooth_readers.put(ACS))
    await store.write(lambda tx: tx.bluetooth_readers.put(settled))
    assert await store.read(lambda tx: list(tx.bluetooth_readers.all())) == [settled]
    await store.write(lambda tx: tx.bluetooth_readers.remove(ACS.reader_id))
    assert await store.read(lambda tx: tx.bluetooth_readers.get(ACS.reader_id)) is None
