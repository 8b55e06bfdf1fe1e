from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from visitbridge.adapters.store import open_store
from visitbridge.errors import PairingRefused, StoreFull
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.pairing import TOUCH_EVERY_S, PairingDesk
from visitbridge.sim.clock import FakeClock

T = TypeVar("T")


class FullDisk:
    """A real store whose writes fail while ``full``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.full = False
        self.writes = 0

    async def write(self, work: Callable[[Transaction], T]) -> T:
        self.writes += 1
        if self.full:
            raise StoreFull("no space")
        return await self._store.write(work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._store.read(work)


@pytest.fixture
async def disk(tmp_path: Path, clock: FakeClock) -> AsyncIterator[FullDisk]:
    async with open_store(tmp_path / "store.db", bytes(32), clock=clock) as store:
        yield FullDisk(store)


@pytest.fixture
def desk(disk: FullDisk, clock: FakeClock) -> PairingDesk:
    return PairingDesk(disk, clock, idle_s=3600)


async def test_a_pairing_that_was_not_saved_leaves_the_token_good(disk: FullDisk, desk: PairingDesk) -> None:
    token = desk.mint_token()
    disk.full = True
    with pytest.raises(StoreFull):
        await desk.pair(token, "phone")
    assert desk.phones() == ()
    disk.full = False

    paired = await desk.pair(token, "phone")

    assert await desk.authenticate(paired.cookie) == paired.phone
    with pytest.raises(PairingRefused):
        await desk.pair(token, "phone")


async def test_a_full_disk_keeps_no_phone_from_reading(
    disk: FullDisk, desk: PairingDesk, clock: FakeClock
) -> None:
    paired = await desk.pair(desk.mint_token(), "phone")
    disk.full = True
    clock.advance(TOUCH_EVERY_S)

    assert (await desk.authenticate(paired.cookie)).phone_id == paired.phone.phone_id


async def test_use_is_written_down_at_most_once_a_minute(
    disk: FullDisk, desk: PairingDesk, clock: FakeClock
) -> None:
    paired = await desk.pair(desk.mint_token(), "phone")
    disk.writes = 0
    for _ in range(180):
        clock.advance(1)
        await desk.authenticate(paired.cookie)

    assert disk.writes == 3
    (stored,) = await disk.read(lambda tx: list(tx.phones.all()))
    assert stored.used_at == clock.now()


async def test_the_oldest_of_too_many_tokens_goes(desk: PairingDesk) -> None:
    tokens = [desk.mint_token() for _ in range(17)]

    with pytest.raises(PairingRefused):
        await desk.pair(tokens[0], "phone")
    await desk.pair(tokens[1], "phone")


async def test_tokens_and_cookies_are_long_and_never_the_same(desk: PairingDesk) -> None:
    tokens = {desk.mint_token() for _ in range(16)}
    cookies = {(await desk.pair(token, "phone")).cookie for token in tokens}

    assert (len(tokens), len(cookies)) == (16, 16)
    assert min(map(len, tokens)) >= 22, "128 bits in base64"
    assert min(map(len, cookies)) >= 43, "256 bits in base64"
