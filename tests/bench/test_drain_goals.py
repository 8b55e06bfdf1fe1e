"""A line that came back is used, and the queue moves, within 2 s. Asked for by name, on a machine that does little else."""

from __future__ import annotations

import time
from pathlib import Path

from tests.scenario.day import open_day
from tests.scenario.road import open_road
from tests.scenario.test_link_up import first_upload_after_s
from tests.scenario.test_modem import lose_and_regain


async def test_the_queue_moves_within_two_seconds_of_the_lines_return() -> None:
    """With the whole box: portal, relay, probe, pcscd."""
    async with open_day() as day:
        assert await first_upload_after_s(day) <= 2.0


async def test_a_line_that_comes_back_is_used_within_two_seconds(tmp_path: Path) -> None:
    async with open_road(tmp_path) as road:
        await lose_and_regain(road)
        began_s = time.monotonic()
        await road.until_up()

        assert time.monotonic() - began_s <= 2.0
