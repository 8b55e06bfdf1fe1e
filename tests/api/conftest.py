from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.house import House, Phone, open_house
from visitbridge.sim.clock import FakeClock


@pytest.fixture
async def house(tmp_path: Path, clock: FakeClock) -> AsyncIterator[House]:
    async with open_house(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
async def phone(house: House) -> Phone:
    return await house.pair()
