"""The store's and the catalogue's goals, measured small. Asked for by name only: timings need a quiet machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.bench import bench_search, bench_store


def test_an_accept_costs_little_more_than_a_bare_row_and_many_share_a_sync(tmp_path: Path) -> None:
    accepts = bench_store.accepts(tmp_path, count=300, rounds=5)
    assert accepts["alone_vs_bare"]["median"] >= 0.7
    assert accepts["32_at_once_vs_bare"]["median"] >= 3


def test_an_accept_alone_is_one_sync(tmp_path: Path) -> None:
    syncs = bench_store.syncs(tmp_path, count=300)
    # Beside its own sync, every hundredth accept is followed by a checkpoint's three.
    assert 1 <= syncs["alone"] <= 1.05
    assert syncs["32_at_once"] <= 0.1


def test_take_and_ack_outruns_a_queue_that_is_not_encrypted(tmp_path: Path) -> None:
    taking = bench_store.taking(tmp_path, count=300, rounds=9)
    assert taking["ours_vs_persist_queue"]["median"] >= 1.5


def test_the_cost_of_an_accept_does_not_grow_with_what_is_stored(tmp_path: Path) -> None:
    depth = bench_store.depth(tmp_path, deep=30_000, count=300, rounds=7)
    assert depth["cost_deep_vs_empty"]["median"] <= 1.2


def test_a_search_is_complete_fast_and_small(tmp_path: Path) -> None:
    found = asyncio.run(bench_search.run(tmp_path, bench_search.invented_rows(), rounds=3))
    assert found["missing_rows"] == 0
    assert found["as_typed"]["ms"]["p99"] <= 5
    assert found["times_faster_than_like"]["least"] >= 20
    assert found["index_mb_per_100000_rows"] <= 5
