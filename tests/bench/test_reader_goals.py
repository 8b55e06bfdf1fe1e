"""What the box adds between card and phone (issue 5, limits.md §10.5). Asked for by name only: it takes its time."""

from __future__ import annotations

from pathlib import Path

from tests.bench import bench_readers
from tests.bench.reader_side import open_reader_side


async def test_a_conversation_costs_what_it_costs_with_bare_pyscard() -> None:
    async with open_reader_side() as side:
        result = await bench_readers.commands(side, count=1_000, command_s=0, rounds=21)
    assert result["conversation_vs_bare"] <= 1.05


async def test_a_single_command_at_the_speed_of_a_real_card_costs_what_it_costs_with_bare_pyscard() -> None:
    async with open_reader_side() as side:
        result = await bench_readers.commands(side, count=1_000, command_s=0.01, rounds=3)
    assert result["transmit_vs_bare"] <= 1.05


async def test_an_insertion_is_at_the_phone_within_20_ms_of_pcscd_seeing_it(tmp_path: Path) -> None:
    async with open_reader_side() as side, bench_readers.open_gateway(tmp_path) as (_, box):
        result = await bench_readers.insertions(side, box, count=40)
    assert result["seen_at_phone"]["p95"] <= 20
    assert result["known_at_phone"]["p95"] <= 20


async def test_a_reader_at_rest_wakes_the_box_less_than_once_a_second(tmp_path: Path) -> None:
    async with open_reader_side(), bench_readers.open_gateway(tmp_path) as (pid, _):
        result = await bench_readers.rest(pid, seconds=60)
    assert result["wakeups_per_s"] <= result["readers"]
