"""Trusted time: who is believed, what is refused, and what a reboot without any source goes on from (Y06, Y10)."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import msgspec
import pytest

from tests.patience import PATIENCE_S
from tests.services.modem.bench import open_modem_bench
from tests.services.outbox import samples
from visitbridge.adapters.battery_clock import BatteryClock
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.domain.modem import ModemState
from visitbridge.domain.position import Fix
from visitbridge.domain.visit import ClockReading, Visit
from visitbridge.ports.clock import TimeTrust
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.live import LiveBoard
from visitbridge.services.modem.chores import Chore
from visitbridge.services.timekeeping import Rtc, Timekeeping, TimePolicy
from visitbridge.services.topics import TimeTopic
from visitbridge.services.true_time import in_true_time, note_boot
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.modem import ModemSetup

RELEASED = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)


def untrusted() -> FakeClock:
    """A box that has just started without an RTC."""
    return FakeClock(dt.datetime(2026, 11, 3, tzinfo=dt.UTC), trust=TimeTrust.UNTRUSTED)


def keeper(clock: FakeClock, store: Store, *, rtc: Rtc | None = None) -> Timekeeping:
    return Timekeeping(clock, store, LiveBoard(), released_at=RELEASED, policy=TimePolicy(), rtc=rtc)


def battery_clock(folder: Path, content: str) -> BatteryClock:
    """The real adapter on a file as the kernel's."""
    file = folder / "since_epoch"
    file.write_text(content)
    return BatteryClock(file)


@pytest.mark.parametrize("source", [TimeTrust.NETWORK, TimeTrust.GNSS, TimeTrust.DATA_CENTRE])
async def test_a_source_is_believed_and_told(store: Store, source: TimeTrust) -> None:
    clock, board = untrusted(), LiveBoard()
    time = Timekeeping(clock, store, board, released_at=RELEASED, policy=TimePolicy())
    woken: list[str] = []
    time.when_trusted(lambda: woken.append("trusted"))
    assert board.snapshot()["time"] == TimeTopic(trust="untrusted")

    assert time.offer(NOW, source)

    assert (clock.now(), clock.trust) == (NOW, source)
    assert board.snapshot()["time"] == TimeTopic(trust=source)
    assert woken == ["trusted"]


@pytest.mark.parametrize(
    "moment",
    [
        dt.datetime(1980, 1, 6, tzinfo=dt.UTC),
        RELEASED - dt.timedelta(seconds=1),
        NOW - dt.timedelta(weeks=1024),
        NOW + dt.timedelta(weeks=1024),
    ],
    ids=["GPS epoch", "before the release", "GPS roll-over back", "GPS roll-over ahead"],
)
async def test_a_moment_that_cannot_be_is_refused(store: Store, moment: dt.datetime) -> None:
    clock = untrusted()

    assert not keeper(clock, store).offer(moment, TimeTrust.GNSS)

    assert clock.trust is TimeTrust.UNTRUSTED


async def test_the_weaker_source_does_not_move_the_clock(store: Store) -> None:
    clock = untrusted()
    time = keeper(clock, store)
    time.offer(NOW, TimeTrust.DATA_CENTRE)

    time.offer(NOW + dt.timedelta(hours=8), TimeTrust.NETWORK)

    assert clock.now() == NOW


async def test_a_moment_is_brought_forward_to_when_it_is_told(store: Store) -> None:
    clock = untrusted()
    answered_s = clock.monotonic()
    clock.advance(7)

    keeper(clock, store).offer(NOW, TimeTrust.DATA_CENTRE, monotonic_s=answered_s)

    assert clock.now() == NOW + dt.timedelta(seconds=7)


async def test_after_a_reboot_the_box_goes_on_from_the_last_trusted_moment(store: Store) -> None:
    clock = untrusted()
    time = keeper(clock, store)
    time.offer(NOW, TimeTrust.DATA_CENTRE)
    running = asyncio.ensure_future(time.run(lambda: None))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running})

    rebooted = untrusted()
    await keeper(rebooted, store).load()

    assert rebooted.now() == NOW
    assert rebooted.trust is TimeTrust.UNTRUSTED


async def test_what_the_boots_clock_stands_for_is_kept_as_soon_as_it_is_known(store: Store) -> None:
    clock = untrusted()
    time = keeper(clock, store)
    reading = ClockReading(boot_id=clock.boot_id, monotonic_s=clock.monotonic())
    visit = msgspec.structs.replace(samples.visit(clock_trusted=False), started=reading)
    clock.advance(60)
    running = asyncio.ensure_future(time.run(lambda: None))
    async with asyncio.timeout(PATIENCE_S):
        while not clock.sleepers:  # noqa: ASYNC110 - until the service waits
            await asyncio.sleep(0)
        time.offer(NOW, TimeTrust.GNSS)
        rebooted = FakeClock(trust=TimeTrust.UNTRUSTED, boot_id="boot-2")
        while (after := await store.read(lambda tx: in_true_time(tx, visit, rebooted))) is None:  # noqa: ASYNC110 - until it was kept
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running})

    assert after.visit_at == NOW - dt.timedelta(seconds=60)


async def test_the_newest_boots_are_kept_each_by_its_newest_moment(store: Store) -> None:
    def visit_of(boot: int) -> Visit:
        reading = ClockReading(boot_id=f"boot-{boot}", monotonic_s=1000.0)
        return msgspec.structs.replace(samples.visit(clock_trusted=False), started=reading)

    clocks = [FakeClock(NOW + dt.timedelta(days=boot), boot_id=f"boot-{boot}") for boot in range(60)]

    def note_all(tx: Transaction) -> None:
        for clock in clocks:
            note_boot(tx, clock)
        clocks[-1].jump(3600)
        note_boot(tx, clocks[-1])

    def look(tx: Transaction) -> list[Visit | None]:
        return [in_true_time(tx, visit_of(boot), FakeClock(boot_id="here")) for boot in range(60)]

    await store.write(note_all)
    found = await store.read(look)

    assert [after is not None for after in found] == [False] * 10 + [True] * 50
    assert [after and after.visit_at for after in found[-2:]] == [
        NOW + dt.timedelta(days=58),
        NOW + dt.timedelta(days=59, hours=1),
    ]


async def test_untrusted_time_is_never_kept(store: Store) -> None:
    running = asyncio.ensure_future(keeper(untrusted(), store).run(lambda: None))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running})

    assert await store.read(lambda tx: tx.settings.get("time.last_trusted")) is None


async def test_a_battery_backed_clock_counts_for_something(store: Store, tmp_path: Path) -> None:
    clock = untrusted()
    await keeper(clock, store, rtc=battery_clock(tmp_path, "1795309200\n")).load()

    assert (clock.now(), clock.trust) == (NOW, TimeTrust.RTC)


@pytest.mark.parametrize(
    "content",
    ["0\n", "946684800\n", str(int(RELEASED.timestamp()) - 1), "-1", "", "no time", "9" * 30],
    ids=["1970", "2000", "before the release", "negative", "empty", "words", "too long"],
)
async def test_a_battery_backed_clock_that_lost_its_time_is_not_believed(
    store: Store, tmp_path: Path, content: str
) -> None:
    clock = untrusted()
    stood = clock.now()
    await keeper(clock, store, rtc=battery_clock(tmp_path, content)).load()

    assert (clock.now(), clock.trust) == (stood, TimeTrust.UNTRUSTED)


async def test_a_box_without_a_battery_backed_clock_starts_untrusted(store: Store, tmp_path: Path) -> None:
    clock = untrusted()
    await keeper(clock, store, rtc=BatteryClock(tmp_path / "no-rtc")).load()

    assert clock.trust is TimeTrust.UNTRUSTED


async def test_a_battery_backed_clock_does_not_take_the_box_back(store: Store, tmp_path: Path) -> None:
    await store.write(lambda tx: tx.settings.set("time.last_trusted", NOW.isoformat()))
    clock = untrusted()
    an_hour_before = str(int(NOW.timestamp()) - 3600)
    await keeper(clock, store, rtc=battery_clock(tmp_path, an_hour_before)).load()

    assert (clock.now(), clock.trust) == (NOW, TimeTrust.UNTRUSTED)


@pytest.mark.parametrize("source", [TimeTrust.NETWORK, TimeTrust.GNSS, TimeTrust.DATA_CENTRE])
async def test_every_other_source_is_believed_over_the_battery_backed_clock(
    store: Store, tmp_path: Path, source: TimeTrust
) -> None:
    clock = untrusted()
    time = keeper(clock, store, rtc=battery_clock(tmp_path, "1795309200\n"))
    await time.load()

    time.offer(NOW - dt.timedelta(minutes=9), source)

    assert (clock.now(), clock.trust) == (NOW - dt.timedelta(minutes=9), source)


async def test_a_fix_carries_the_time(store: Store) -> None:
    clock = untrusted()
    keeper(clock, store).offer_fix(Fix(latitude_deg=25.0, longitude_deg=121.5, at=NOW))

    assert (clock.now(), clock.trust) == (NOW, TimeTrust.GNSS)


async def test_the_network_tells_the_time_over_a_real_terminal(tmp_path: Path, store: Store) -> None:
    clock = untrusted()
    time = keeper(clock, store)
    async with open_modem_bench(tmp_path, store, ModemSetup(network_time=NOW)) as bench:
        bench.watch.add_chore(Chore(every_s=3600, run=time.ask_network))
        await bench.until(ModemState.DATA_UP)
        async with asyncio.timeout(PATIENCE_S):
            while clock.trust is not TimeTrust.NETWORK:  # noqa: ASYNC110 - told over a terminal, not by an event
                await asyncio.sleep(0.01)

    assert abs((clock.now() - NOW).total_seconds()) < 5


def test_the_clock_of_the_process_does_not_follow_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    boot_s = 100.0
    monkeypatch.setattr("visitbridge.adapters.system_clock._since_boot_s", lambda: boot_s)
    clock = SystemClock(floor=RELEASED)
    clock.correct(NOW, TimeTrust.NETWORK)

    boot_s = 160.0

    assert clock.now() == NOW + dt.timedelta(seconds=60)


def test_going_on_from_a_moment_earns_no_trust_and_never_goes_back() -> None:
    clock = SystemClock(floor=RELEASED)
    ahead = clock.now() + dt.timedelta(days=30)
    clock.go_on_from(ahead)
    clock.go_on_from(NOW - dt.timedelta(days=9999))

    assert clock.now() >= ahead
    assert clock.trust is TimeTrust.UNTRUSTED


def test_who_knows_the_time_may_take_it_back() -> None:
    clock = SystemClock(floor=RELEASED)
    ahead = clock.now() + dt.timedelta(days=30)
    clock.go_on_from(ahead)
    clock.correct(ahead - dt.timedelta(days=1), TimeTrust.DATA_CENTRE)

    assert clock.trust is TimeTrust.DATA_CENTRE
    assert clock.now() < ahead
