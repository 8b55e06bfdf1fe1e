from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.store.builders import KEY
from visitbridge.adapters.store import SqlStore, open_store
from visitbridge.sim.clock import FakeClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "visitbridge.db"


@pytest.fixture
async def store(path: Path, clock: FakeClock) -> AsyncIterator[SqlStore]:
    async with open_store(path, KEY, clock=clock) as opened:
        yield opened
