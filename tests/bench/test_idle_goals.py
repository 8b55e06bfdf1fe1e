"""An idle box wakes up less than once a second (limits: footprint). Asked for by name: it takes its time."""

from __future__ import annotations

from pathlib import Path

from tests.bench import bench_idle


async def test_an_idle_gateway_wakes_up_less_than_once_a_second(tmp_path: Path) -> None:
    result = await bench_idle.run(tmp_path, seconds=70)

    assert result["bare_wakeups_per_s"] <= 0.2
    assert result["gateway_wakeups_per_s"] <= 1.0
