"""The real store, on a file of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.visits.room import Room
from visitbridge.adapters.store import open_store
from visitbridge.ports.store import Store
from visitbridge.sim.clock import FakeClock


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "box.db", bytes(32), clock=FakeClock()) as opened:
        yield opened


@pytest.fixture
def room(store: Store) -> Room:
    return Room(store)
