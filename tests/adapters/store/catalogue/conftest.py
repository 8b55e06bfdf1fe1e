from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.store.catalogue.lines import DIAGNOSES, write
from visitbridge.adapters.store import SqlCatalogue, open_catalogue
from visitbridge.sim.clock import FakeClock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "catalogue"


@pytest.fixture
async def catalogue(folder: Path, clock: FakeClock) -> AsyncIterator[SqlCatalogue]:
    async with open_catalogue(folder, clock=clock) as opened:
        yield opened


@pytest.fixture
async def loaded(catalogue: SqlCatalogue, tmp_path: Path) -> SqlCatalogue:
    """The catalogue with :data:`DIAGNOSES` in it as ``icd10``."""
    await catalogue.load(*write(tmp_path, DIAGNOSES))
    return catalogue
