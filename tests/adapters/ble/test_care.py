"""A reader's own key is never in doubt: whatever the disk refuses and whenever power fails, it is one of those kept."""

from __future__ import annotations

import asyncio

import pytest

from tests.bluetooth import Vault, acr3901_unit, remembered
from tests.contract.reader_benches import Watching
from visitbridge.adapters.ble.care import AcsCare
from visitbridge.adapters.ble.fleet import BleReaders
from visitbridge.adapters.ble.reader import BleReader
from visitbridge.errors import StoreFull
from visitbridge.ports.cards import ReaderState
from visitbridge.protocols.acs.secure import FACTORY_MASTER_KEY
from visitbridge.sim.ble.acr3901 import SimulatedAcr3901
from visitbridge.sim.clock import FakeClock


class FullVault(Vault):
    """Takes what is prepared, and then no more: first what is settled, later the power fails with it."""

    power_fails = False

    async def prepare(self, reader_id: str, key: bytes | None, next_key: bytes) -> None:
        await super().prepare(reader_id, key, next_key)
        if self.power_fails:
            raise StoreFull("nothing of this process goes on")

    async def settle(self, reader_id: str, key: bytes | None) -> None:
        raise StoreFull("ENOSPC")


async def test_a_key_that_could_not_be_settled_is_kept_when_the_next_one_is_prepared(
    clock: FakeClock,
) -> None:
    vault, unit = FullVault(), acr3901_unit()
    assert isinstance(unit.reader, SimulatedAcr3901)
    reader = BleReader(unit.reader, AcsCare(remembered(unit), vault), clock)
    watching = Watching()
    following = asyncio.ensure_future(watching.follow(BleReaders([reader])))
    try:
        await watching.wait_told(lambda info: info.state is ReaderState.EMPTY)
        first = unit.reader.master_key
        assert (vault.key, vault.next_key) == (None, first)
        vault.power_fails = True
        with pytest.raises(StoreFull):
            await reader.rotate_key()
    finally:
        following.cancel()
        await asyncio.wait({following})

    assert first != FACTORY_MASTER_KEY
    assert unit.reader.master_key == first
    assert first in {vault.key, vault.next_key}
