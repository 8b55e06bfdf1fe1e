"""The data meter: months by the carrier's day, counters that start anew, nothing lost over restarts."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from visitbridge.ports.clock import TimeTrust
from visitbridge.ports.store import Store
from visitbridge.ports.uplink import Interfaces, Traffic
from visitbridge.services.modem.meter import DataMeter
from visitbridge.sim.clock import FakeClock

MB = 1_000_000


class Counter(Interfaces):
    def __init__(self) -> None:
        self.now: Traffic | None = Traffic(received_bytes=0, sent_bytes=0)

    def has_address(self, name: str) -> bool:
        return True

    def traffic(self, name: str) -> Traffic | None:
        return self.now

    def count(self, received: int, sent: int) -> None:
        self.now = Traffic(received_bytes=received, sent_bytes=sent)


def meter(store: Store, clock: FakeClock, counter: Counter, *, begins_on_day: int = 1) -> DataMeter:
    return DataMeter(store, clock, counter, interface="usb0", begins_on_day=begins_on_day)


def reading(subject: DataMeter) -> tuple[str, int, int]:
    now = subject.reading
    return now.month, now.received_bytes, now.sent_bytes


async def restart(subject: DataMeter) -> None:
    """Run to readiness and stop, as the daemon does."""
    ready = asyncio.Event()
    running = asyncio.ensure_future(subject.run(ready.set))
    await ready.wait()
    running.cancel()
    await asyncio.wait({running})


async def test_what_went_through_is_added_up(store: Store, clock: FakeClock) -> None:
    counter = Counter()
    subject = meter(store, clock, counter)
    for received, sent in ((MB, 10), (3 * MB, 500)):
        counter.count(received, sent)
        await subject.look()

    assert reading(subject) == ("2026-11", 3 * MB, 500)


async def test_a_modem_that_restarted_counts_from_zero(store: Store, clock: FakeClock) -> None:
    counter = Counter()
    subject = meter(store, clock, counter)
    for received in (5 * MB, 1 * MB, 2 * MB):
        counter.count(received, 0)
        await subject.look()

    assert reading(subject) == ("2026-11", 7 * MB, 0)


async def test_an_interface_that_is_away_changes_nothing(store: Store, clock: FakeClock) -> None:
    counter = Counter()
    subject = meter(store, clock, counter)
    counter.count(MB, MB)
    await subject.look()
    counter.now = None
    await subject.look()

    assert reading(subject) == ("2026-11", MB, MB)


@pytest.mark.parametrize(
    ("day", "at", "month"),
    [
        (1, dt.datetime(2026, 11, 30, 15, 59, tzinfo=dt.UTC), "2026-11"),
        (1, dt.datetime(2026, 11, 30, 16, 0, tzinfo=dt.UTC), "2026-12"),
        (20, dt.datetime(2026, 11, 19, 1, 0, tzinfo=dt.UTC), "2026-10"),
        (20, dt.datetime(2026, 11, 20, 1, 0, tzinfo=dt.UTC), "2026-11"),
    ],
)
async def test_months_begin_in_taipei_on_the_carriers_day(
    store: Store, day: int, at: dt.datetime, month: str
) -> None:
    counter = Counter()
    subject = meter(store, FakeClock(at), counter, begins_on_day=day)
    await subject.look()

    assert subject.reading.month == month


async def test_a_new_month_begins_with_what_came_since(store: Store, clock: FakeClock) -> None:
    counter = Counter()
    subject = meter(store, clock, counter)
    counter.count(9 * MB, 0)
    await subject.look()
    clock.advance(10 * 86_400)
    counter.count(10 * MB, 0)
    await subject.look()

    assert reading(subject) == ("2026-12", MB, 0)


async def test_a_wrong_clock_does_not_begin_a_month(store: Store, clock: FakeClock) -> None:
    counter = Counter()
    subject = meter(store, clock, counter)
    counter.count(9 * MB, 0)
    await subject.look()
    clock.trust = TimeTrust.UNTRUSTED
    clock.jump(-300 * 86_400)
    counter.count(10 * MB, 0)
    await subject.look()

    assert reading(subject) == ("2026-11", 10 * MB, 0)


async def test_what_a_new_box_used_before_it_knew_the_time_is_of_its_first_month(
    store: Store, clock: FakeClock
) -> None:
    counter = Counter()
    subject = meter(store, clock, counter)
    clock.trust = TimeTrust.UNTRUSTED
    counter.count(9 * MB, 0)
    await subject.look()
    assert reading(subject) == ("", 9 * MB, 0)

    clock.trust = TimeTrust.NETWORK
    counter.count(10 * MB, 0)
    await subject.look()

    assert reading(subject) == ("2026-11", 10 * MB, 0)


async def test_a_restart_of_the_daemon_counts_nothing_twice(store: Store, clock: FakeClock) -> None:
    counter = Counter()
    subject = meter(store, clock, counter)
    counter.count(9 * MB, 0)
    await subject.look()
    await restart(subject)

    again = meter(store, clock, counter)
    counter.count(10 * MB, 0)
    await restart(again)
    await again.look()

    assert reading(again) == ("2026-11", 10 * MB, 0)


async def test_a_reboot_starts_the_counters_anew(store: Store, clock: FakeClock) -> None:
    counter = Counter()
    subject = meter(store, clock, counter)
    counter.count(2 * MB, 0)
    await subject.look()
    await restart(subject)

    rebooted = meter(store, FakeClock(boot_id="boot-2"), counter)
    counter.count(3 * MB, 0)
    await restart(rebooted)
    await rebooted.look()

    assert reading(rebooted) == ("2026-11", 5 * MB, 0)
