"""What a phone is told of hand-offs before anybody asks for a file."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from tests.api.house import open_house
from visitbridge.api.resources.handoff import Handoffs
from visitbridge.domain.people import Right
from visitbridge.services.outbox.handoff import HandoffDesk
from visitbridge.sim.clock import FakeClock


class Desk:
    async def waiting(self) -> int:
        return 2


@pytest.mark.parametrize("has_key", [True, False])
async def test_C03_whether_a_file_could_be_sealed_is_known_beforehand(
    tmp_path: Path, clock: FakeClock, has_key: bool
) -> None:
    routes = Handoffs(cast(HandoffDesk, Desk()), has_key=lambda: has_key).routes()
    async with open_house(tmp_path, clock, routes=routes) as house:
        phone = await house.pair()
        house.staff.sign_in(phone.phone_id, Right.VISITS)
        answer = await phone.get("/api/handoffs")

    assert answer.json == {"waiting": 2, "has_key": has_key}
