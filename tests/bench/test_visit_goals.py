"""The visit's goals, measured small. Asked for by name only: timings need a quiet machine."""

from __future__ import annotations

from pathlib import Path

from tests.bench import bench_visit


async def test_M01_a_keystroke_is_on_disk_within_20_ms_and_a_finish_within_50(tmp_path: Path) -> None:
    spent = await bench_visit.run(tmp_path, keystrokes=200, visits=20)
    assert spent["save_ms"]["p95"] <= 20
    assert spent["finish_ms"]["p95"] <= 50
