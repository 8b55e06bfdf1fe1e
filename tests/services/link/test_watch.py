"""The link is what the data centre answers, with hysteresis; the first broken hop is named (C04, C05)."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from visitbridge.errors import (
    BoundElsewhere,
    DataCentreBusy,
    DeviceDisabled,
    LinkDown,
    NotBound,
    PortalUntrusted,
    StoreDamaged,
    StoreFull,
    StoreReadOnly,
    VisitBridgeError,
)
from visitbridge.protocols.datacentre.device import DeviceStatus, SamRecord
from visitbridge.services.link import LinkPolicy, LinkWatch, StatusSource
from visitbridge.services.link.watch import Uplink
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import LinkTopic
from visitbridge.sim.clock import FakeClock

STATUS = DeviceStatus(
    enabled=True,
    sam=SamRecord(sam_id="SAM000000001", valid_from=dt.date(2026, 1, 1), valid_until=dt.date(2027, 1, 1)),
)
POLICY = LinkPolicy()


class Answers(StatusSource):
    """Answers every probe with ``outcome``."""

    def __init__(self, outcome: VisitBridgeError | None) -> None:
        self.outcome = outcome
        self.probes = 0

    async def device_status(self) -> DeviceStatus:
        self.probes += 1
        if self.outcome is not None:
            raise self.outcome
        return STATUS


class Way(Uplink):
    """An uplink that is as good as told, and counts what it hears."""

    def __init__(self) -> None:
        self.hop = ""
        self.good = 0
        self.bad = 0

    def broken_hop(self) -> str:
        return self.hop

    def answered(self) -> None:
        self.good += 1

    def failed(self) -> None:
        self.bad += 1


async def _settle(condition: Callable[[], bool]) -> None:
    for _ in range(100):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("condition never held")


async def _run_loop() -> None:
    """Let every task go on until it waits for the clock again."""
    for _ in range(10):
        await asyncio.sleep(0)


class Bench:
    """A running watch, its clock and what it asks."""

    def __init__(self, outcome: VisitBridgeError | None) -> None:
        self.clock = FakeClock()
        self.answers = Answers(outcome)
        self.board = LiveBoard()
        self.uplink = Way()
        self.watch = LinkWatch(self.answers, self.board, self.clock, policy=POLICY, uplink=self.uplink)

    async def after(self, seconds: float) -> None:
        """Let time pass in steps of a second, every due probe answered."""
        for _ in range(round(seconds)):
            self.clock.advance(1)
            await _run_loop()

    @property
    def topic(self) -> LinkTopic:
        topic = self.board.snapshot()["link"]
        assert isinstance(topic, LinkTopic)
        return topic


@asynccontextmanager
async def _running(outcome: VisitBridgeError | None) -> AsyncIterator[Bench]:
    bench = Bench(outcome)
    task = asyncio.ensure_future(bench.watch.run(lambda: None))
    await _settle(lambda: bench.clock.sleepers == 1)
    try:
        yield bench
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_before_the_first_answer_nothing_is_said_to_be_broken() -> None:
    """A name server that keeps silent takes seconds; a bound box is not called unbound meanwhile."""
    bench = Bench(None)

    assert (bench.topic.link, bench.topic.hop) == ("down", "starting")


async def test_one_answer_brings_the_link_up_but_not_yet_good() -> None:
    async with _running(None) as bench:
        assert bench.watch.is_up()
        assert bench.watch.state == "unstable"


async def test_good_after_three_answers_over_ten_seconds() -> None:
    """C05."""
    async with _running(None) as bench:
        await bench.after(POLICY.good_after_s - 3)
        assert bench.topic.link == "unstable"
        await bench.after(6)
        assert bench.topic.link == "good"


async def test_one_failure_makes_a_good_link_unstable_for_two_minutes() -> None:
    async with _running(None) as bench:
        await bench.after(20)
        bench.answers.outcome = LinkDown()
        bench.watch.probe_now()
        await _settle(lambda: bench.watch.state == "unstable")
        assert bench.watch.is_up()
        bench.answers.outcome = None
        await bench.after(POLICY.unstable_window_s - 5)
        assert bench.topic.link == "unstable"
        await bench.after(10)
        assert bench.topic.link == "good"


async def test_down_after_three_failures_and_found_again_within_two_seconds() -> None:
    async with _running(None) as bench:
        await bench.after(20)
        bench.answers.outcome = LinkDown()
        bench.watch.probe_now()
        await _settle(lambda: bench.topic.hop == "network")
        await bench.after(4)
        assert bench.watch.state == "down"
        assert not bench.watch.is_up()
        await bench.after(600)
        bench.answers.outcome = None
        await bench.after(2)
        assert bench.watch.is_up()


@pytest.mark.parametrize(
    ("outcome", "hop"),
    [
        (LinkDown(), "network"),
        (LinkDown(hop="dns"), "dns"),
        (LinkDown(hop="host"), "host"),
        (LinkDown(hop="data_centre"), "data_centre"),
        (PortalUntrusted(), "tls"),
        (DataCentreBusy(), "data_centre"),
        (NotBound(), "not_bound"),
        (BoundElsewhere(), "bound_elsewhere"),
        (DeviceDisabled(), "device_disabled"),
    ],
)
async def test_the_first_broken_hop_is_named(outcome: VisitBridgeError, hop: str) -> None:
    async with _running(outcome) as bench:
        assert (bench.topic.link, bench.topic.hop) == ("down", hop)


async def test_probes_are_rare_while_all_is_well() -> None:
    async with _running(None) as bench:
        await bench.after(60)
        before = bench.answers.probes
        await bench.after(600)
        assert bench.answers.probes - before <= 600 / POLICY.probe_good_s + 1


async def test_listeners_hear_of_answers_changes_and_being_disabled() -> None:
    heard: list[str] = []

    async def note_status(status: DeviceStatus) -> None:
        heard.append(f"enabled={status.enabled}")

    async def note_disabled() -> None:
        heard.append("disabled")

    async with _running(LinkDown()) as bench:
        bench.watch.when_answered(note_status)
        bench.watch.when_disabled(note_disabled)
        bench.watch.when_changed(lambda: heard.append(bench.watch.state))
        bench.answers.outcome = None
        await bench.after(2)
        bench.answers.outcome = DeviceDisabled()
        bench.watch.probe_now()
        await _settle(lambda: "disabled" in heard)
    assert heard[:2] == ["unstable", "enabled=True"]
    assert heard[-2:] == ["down", "disabled"]


async def test_a_listener_that_fails_on_the_link_counts_as_a_failed_probe() -> None:
    async def fail(_status: DeviceStatus) -> None:
        raise LinkDown

    async with _running(LinkDown()) as bench:
        bench.watch.when_answered(fail)
        bench.answers.outcome = None
        await bench.after(2)
        assert bench.topic.hop == "network"


async def test_what_a_full_disk_does_not_take_is_told_again_and_stops_nothing() -> None:
    """The box goes on watching its link; a start anew would meet the same disk."""
    told: list[str] = []

    async def keep(status: DeviceStatus) -> None:
        told.append(f"enabled={status.enabled}")
        raise StoreFull("ENOSPC")

    async def keep_disabled() -> None:
        told.append("disabled")
        raise StoreReadOnly("EROFS")

    async with _running(LinkDown()) as bench:
        bench.watch.when_answered(keep)
        bench.watch.when_disabled(keep_disabled)
        bench.answers.outcome = None
        await bench.after(2)
        assert bench.watch.is_up()
        bench.watch.probe_now()
        await _settle(lambda: len(told) == 2)
        bench.answers.outcome = DeviceDisabled()
        bench.watch.probe_now()
        await _settle(lambda: len(told) == 3)
        bench.watch.probe_now()
        await _settle(lambda: len(told) == 4)
    assert told == ["enabled=True", "enabled=True", "disabled", "disabled"]


async def test_a_damaged_database_is_left_to_the_next_start() -> None:
    async def keep(_status: DeviceStatus) -> None:
        raise StoreDamaged("a page could not be read")

    watch = LinkWatch(Answers(None), LiveBoard(), FakeClock(), policy=POLICY)
    watch.when_answered(keep)
    with pytest.raises(StoreDamaged):
        await watch.run(lambda: None)


async def test_what_is_wrong_before_the_network_comes_first() -> None:
    async with _running(LinkDown(hop="dns")) as bench:
        bench.uplink.hop = "searching"
        bench.watch.probe_now()
        await _settle(lambda: bench.topic.hop == "searching")
        assert bench.topic.link == "down"


async def test_a_lost_uplink_is_a_lost_link_at_once() -> None:
    async with _running(None) as bench:
        await bench.after(20)
        bench.uplink.hop = "no_data"
        bench.answers.outcome = LinkDown()
        bench.watch.probe_now()
        await _settle(lambda: bench.watch.state == "down")
        assert bench.answers.probes <= 7


async def test_an_answer_counts_more_than_what_the_uplink_thinks() -> None:
    async with _running(None) as bench:
        bench.uplink.hop = "searching"
        await bench.after(20)
        assert (bench.topic.link, bench.topic.hop) == ("good", "")
        assert bench.uplink.good > 3


@pytest.mark.parametrize(
    ("outcome", "hop"), [(NotBound(), "sim_blocked"), (DeviceDisabled(), "device_disabled")]
)
async def test_a_box_without_a_way_out_is_told_of_that_before_binding(
    outcome: VisitBridgeError, hop: str
) -> None:
    async with _running(outcome) as bench:
        bench.uplink.hop = "sim_blocked"
        await bench.after(20)
        assert (bench.topic.link, bench.topic.hop) == ("down", hop)


@pytest.mark.parametrize(
    ("outcome", "silent", "elsewhere"),
    [
        (LinkDown(), True, True),
        (LinkDown(hop="host"), True, True),
        (LinkDown(hop="host", heard=True), False, True),
        (LinkDown(hop="dns", heard=True), False, True),
        (PortalUntrusted(), False, True),
        (DataCentreBusy(), False, False),
        (NotBound(), False, False),
        (DeviceDisabled(), False, False),
    ],
)
async def test_a_line_is_dead_only_when_nothing_comes_back(
    outcome: VisitBridgeError, silent: bool, elsewhere: bool
) -> None:
    """``elsewhere``: the internet answers in its own way too; only the data centre's word speaks for an uplink."""
    async with _running(outcome) as bench:
        await bench.after(10)
        assert bench.watch.silent_beyond_modem() is silent
        assert (bench.uplink.bad > 0) is elsewhere


async def test_probes_are_rare_while_there_is_no_way_out_and_at_once_when_there_is() -> None:
    async with _running(LinkDown()) as bench:
        bench.uplink.hop = "searching"
        await bench.after(5)
        before = bench.answers.probes
        await bench.after(600)
        assert bench.answers.probes - before <= 600 / POLICY.probe_no_uplink_s + 1
        bench.uplink.hop = ""
        bench.answers.outcome = None
        bench.watch.probe_now()
        await _settle(bench.watch.is_up)
