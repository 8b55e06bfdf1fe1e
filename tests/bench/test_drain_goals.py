"""The queue moves within 2 s of the line's return. Asked for by name, on a machine that does little else."""

from __future__ import annotations

from tests.scenario.day import open_day
from tests.scenario.test_link_up import first_upload_after_s


async def test_the_queue_moves_within_two_seconds_of_the_lines_return() -> None:
    """With the whole box: portal, relay, probe, pcscd."""
    async with open_day() as day:
        assert await first_upload_after_s(day) <= 2.0
