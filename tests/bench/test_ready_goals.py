"""Ready within 2 s of exec (limits: start). Asked for by name, on a machine that does little else."""

from __future__ import annotations

from pathlib import Path

from tests.bench import bench_ready


def test_the_gateway_is_ready_within_two_seconds(tmp_path: Path) -> None:
    """What others take of the processors shows in the bare program too, and is taken off."""
    result = bench_ready.run(tmp_path, rounds=5)
    gateway, bare = result["gateway"], result["bare"]
    busy = max(1.0, bare["wall_s"]["median"] / bare["cpu_s"]["median"])

    assert gateway["cpu_s"]["median"] <= 2.0
    assert gateway["wall_s"]["median"] / busy <= 2.0
