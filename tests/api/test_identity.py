"""An id number leaves the box masked, and whole only when it is asked for (ux §3.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.visit_house import VisitHouse, open_visit_house
from visitbridge.sim.clock import FakeClock


@pytest.fixture
async def box(tmp_path: Path, clock: FakeClock) -> AsyncIterator[VisitHouse]:
    async with open_visit_house(tmp_path, clock) as opened:
        yield opened


async def test_a_visit_tells_the_number_masked_and_shows_it_when_asked(box: VisitHouse) -> None:
    started = await box.start()
    path = f"/api/visits/{started['visit']['visit_id']}"
    asked = (await box.phone.post(f"{path}/identity")).json["id_no"]
    read = await box.phone.get(path)

    masked = f"{asked[:3]}****{asked[-3:]}"
    assert len(asked) == 10
    assert started["visit"]["patient"]["id_no"] == masked
    assert read.json["visit"]["patient"]["id_no"] == masked
    assert asked not in str(read.json["visit"]["patient"])
    assert (await box.room.audit())[-1] == "visit.show_id"
