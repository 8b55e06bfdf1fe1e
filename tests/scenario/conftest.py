"""One lab per test: pcscd, portal, gateway and cards as `./dev run` starts them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.scenario.day import Day, open_day


@pytest.fixture
async def day() -> AsyncIterator[Day]:
    async with open_day() as opened:
        yield opened
