"""A sample every minute, a day kept."""

from __future__ import annotations

import asyncio
import datetime as dt

from visitbridge.ports.store import Store
from visitbridge.services.link.history import EVERY_S, KEPT, LinkHistory
from visitbridge.sim.clock import FakeClock


async def test_samples_are_kept_for_a_day(store: Store, clock: FakeClock) -> None:
    began = clock.now()
    depths = iter(range(4))
    history = LinkHistory(store, clock, link=lambda: "good", depth=lambda: next(depths))
    for _ in range(3):
        clock.advance(EVERY_S)
        await history.sample()

    samples = await store.read(lambda tx: tx.link_history.since(began))

    assert [(sample.link, sample.queue_depth) for sample in samples] == [
        ("good", 0),
        ("good", 1),
        ("good", 2),
    ]
    assert [sample.at - began for sample in samples] == [dt.timedelta(seconds=EVERY_S * n) for n in (1, 2, 3)]

    clock.advance(KEPT.total_seconds())
    await history.sample()
    left = await store.read(lambda tx: tx.link_history.since(began))

    assert [sample.queue_depth for sample in left] == [2, 3]


async def test_one_is_taken_every_minute(store: Store, clock: FakeClock) -> None:
    taken: list[float] = []

    def link() -> str:
        taken.append(clock.monotonic())
        return "down"

    history = LinkHistory(store, clock, link=link, depth=lambda: 0)
    began_s = clock.monotonic()
    running = asyncio.ensure_future(history.run(lambda: None))
    for _ in range(200):
        await asyncio.sleep(0)
        clock.advance(1)
    running.cancel()
    await asyncio.wait({running})

    assert [at - began_s for at in taken[:1]] == [EVERY_S]


async def test_points_hold_the_worst_of_five_minutes(store: Store, clock: FakeClock) -> None:
    links = iter(["good", "down", "unstable", *["good"] * 7])
    depths = iter([1, 7, *range(8)])
    history = LinkHistory(store, clock, link=lambda: next(links), depth=lambda: next(depths))
    began = clock.now()
    for _ in range(10):
        await history.sample()
        clock.advance(EVERY_S)
    points = await history.points()

    assert [(point.link, point.queue_depth) for point in points] == [("down", 7), ("good", 7)]
    assert [point.at - began for point in points] == [dt.timedelta(), dt.timedelta(minutes=5)]


async def test_points_older_than_a_day_are_left_out(store: Store, clock: FakeClock) -> None:
    history = LinkHistory(store, clock, link=lambda: "good", depth=lambda: 0)
    await history.sample()
    clock.advance(KEPT.total_seconds() + EVERY_S)

    assert await history.points() == ()
