from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.app.box import RunningBox, config_for, running_box


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBox]:
    """One box for all tests of a module, with a paired phone."""
    folder: Path = tmp_path_factory.mktemp("box")
    async with running_box(config_for(folder)) as running:
        await running.pair()
        yield running
