"""Backups come in time, and what had to be restored is said until somebody took care of it."""

from __future__ import annotations

import asyncio
import datetime as dt

from visitbridge.errors import StoreFull
from visitbridge.ports.store import Store
from visitbridge.services.live import LiveBoard
from visitbridge.services.safekeeping import EVERY_S, Safekeeping
from visitbridge.services.topics import StoreTopic
from visitbridge.sim.clock import FakeClock

BACKUP_AT = dt.datetime(2026, 11, 22, 0, 40, tzinfo=dt.UTC)


async def no_backup() -> None:
    raise AssertionError("not asked for")


def told(board: LiveBoard) -> object:
    return board.snapshot()["store"]


async def test_a_rescue_is_said_until_it_was_taken_care_of(store: Store, clock: FakeClock) -> None:
    board = LiveBoard()
    first = Safekeeping(store, clock, board, take_backup=no_backup)
    await first.load(at=clock.now(), backup_at=BACKUP_AT)
    rescued = StoreTopic(rescued_at=clock.now(), backup_at=BACKUP_AT)
    assert told(board) == rescued
    clock.advance(3600)
    await Safekeeping(store, clock, board, take_backup=no_backup).load()
    assert told(board) == rescued, "after a restart too"
    await first.seen(phone_id="phone-1")
    await Safekeeping(store, clock, board, take_backup=no_backup).load()

    assert told(board) == StoreTopic()
    acts = [(row.entry.act, row.entry.phone_id) for row in await store.read(lambda tx: tx.audit.rows())]
    assert acts == [("store.rescue", ""), ("store.rescue_seen", "phone-1")]


async def test_backups_come_in_time_and_a_full_disk_stops_none_of_the_next(
    store: Store, clock: FakeClock
) -> None:
    taken: list[float] = []

    async def take() -> None:
        taken.append(clock.monotonic())
        raise StoreFull("ENOSPC")

    began_s = clock.monotonic()
    running = asyncio.ensure_future(
        Safekeeping(store, clock, LiveBoard(), take_backup=take).run(lambda: None)
    )
    for _ in range(4 * 60):
        await asyncio.sleep(0)
        clock.advance(EVERY_S / 60)
    running.cancel()
    await asyncio.wait({running})

    assert [round((at_s - began_s) / EVERY_S) for at_s in taken[:3]] == [1, 2, 3]
