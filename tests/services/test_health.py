"""The health of a box: what is told, how often, and that it keeps out of everybody's way."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest

from visitbridge.domain.jobs import Age
from visitbridge.errors import DataCentreGarbled, LinkDown, StoreFull, VisitBridgeError
from visitbridge.ports.records import DataSetRecord, LinkSample
from visitbridge.protocols.health import (
    BoxHealth,
    DataSetVersion,
    DataUsed,
    DiskHealth,
    LinkHour,
    PowerHealth,
    QueueHealth,
    ReaderHealth,
    Versions,
)
from visitbridge.services.environment.box import DiskFound
from visitbridge.services.health import (
    AGAIN_S,
    EVERY_S,
    FIRST_WITHIN_S,
    SPREAD,
    HealthDesk,
    HealthReports,
    hours_of,
)
from visitbridge.services.live import LiveBoard
from visitbridge.services.modem.meter import MeterReading
from visitbridge.services.topics import (
    BoxTopic,
    CardPatient,
    CardsTopic,
    CertificateTopic,
    LinkTopic,
    PortalTopic,
    PowerTopic,
    QueueTopic,
    Slot,
    SlotCard,
    StoreTopic,
)
from visitbridge.sim.clock import FakeClock

AT = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
PROGRAM = Versions(program="0.1.0", schema="0006", python="3.11.2", system="Debian GNU/Linux 12 (bookworm)")
SETS = (
    DataSetRecord(name="drugs", version="v7", group="default", rows=2, sha256="0" * 64, loaded_at=AT),
    DataSetRecord(name="icd10", version="v1", group="default", rows=9, sha256="0" * 64, loaded_at=AT),
)


class Disk:
    async def look(self) -> DiskFound:
        return DiskFound(free_bytes=7, total_bytes=9, writable=True)


def desk(
    board: LiveBoard,
    clock: FakeClock,
    *,
    points: Sequence[LinkSample] = (),
    used: MeterReading | None = None,
    trouble: VisitBridgeError | None = None,
) -> HealthDesk:
    async def loaded() -> Sequence[DataSetRecord]:
        return SETS

    async def sampled() -> Sequence[LinkSample]:
        if trouble is not None:
            raise trouble
        return points

    return HealthDesk(
        board,
        clock,
        program=PROGRAM,
        datasets=loaded,
        points=sampled,
        disk=Disk(),
        data_used=lambda: used,
    )


def slot(*, name: str, state: str, battery: int | None, low: bool | None = None) -> Slot:
    patient = CardPatient(
        name="金絲雀", card_no_tail="1098", id_masked="A1****5430", birth_date=dt.date(1939, 9, 9), sex="M"
    )
    return Slot(
        reader_id="r",
        name=name,
        transport="ble",
        state=state,
        virtual=False,
        battery_percent=battery,
        signal_dbm=-60,
        card=SlotCard(kind="nhi", insertion=1, error_code="", patient=patient),
        battery_low=low,
    )


def busy_board() -> LiveBoard:
    board = LiveBoard()
    board.put(
        "box",
        BoxTopic(
            bound=True,
            box_name="盒子甲",
            sheet_id="s-1",
            version="0.1.0",
            sam_id="900000000001",
            sam_valid_until=dt.date(2026, 12, 31),
        ),
    )
    board.put(
        "queue",
        QueueTopic(
            depth=3,
            attention=1,
            sending=0,
            oldest_at=AT - dt.timedelta(hours=13),
            oldest_age=Age.AMBER,
            last_success_at=AT - dt.timedelta(hours=14),
        ),
    )
    board.put(
        "link", LinkTopic(link="down", hop="host", since=AT, last_success_at=AT - dt.timedelta(hours=2))
    )
    board.put("power", PowerTopic(battery_percent=62, under_voltage=True))
    board.put("portal", PortalTopic(certificate_ends_at=AT + dt.timedelta(days=20), renewal_due=False))
    board.put("certificate", CertificateTopic(fingerprint="f", ends_at=AT + dt.timedelta(days=800), own=True))
    board.put("store", StoreTopic(rescued_at=AT, backup_at=AT))
    board.put(
        "cards",
        CardsTopic(
            readers=(
                slot(name="ACR3901U-S1 0123", state="ready", battery=55),
                slot(name="bR301 XYZ", state="unavailable", battery=None, low=True),
            )
        ),
    )
    return board


async def test_B08_everything_that_the_list_of_boxes_shows_is_told(clock: FakeClock) -> None:
    used = MeterReading(month="2026-11", received_bytes=5_000_000, sent_bytes=70_000)
    clock.advance(90)
    health_desk = desk(busy_board(), clock, used=used)
    clock.advance(30)

    found = await health_desk.look()

    assert found.at == clock.now()
    assert found.up_since == clock.now() - dt.timedelta(seconds=30)
    assert found.versions.program == "0.1.0"
    assert found.versions.datasets == (
        DataSetVersion(name="drugs", version="v7"),
        DataSetVersion(name="icd10", version="v1"),
    )
    assert found.queue == QueueHealth(
        drained=False,
        unsent=3,
        needs_person=1,
        oldest_at=AT - dt.timedelta(hours=13),
        last_success_at=AT - dt.timedelta(hours=14),
    )
    assert found.expiry.sam_until == dt.date(2026, 12, 31)
    assert found.expiry.portal_certificate_at == AT + dt.timedelta(days=20)
    assert found.expiry.page_certificate_at == AT + dt.timedelta(days=800)
    assert found.power == PowerHealth(under_voltage=True, battery_percent=62)
    assert (found.link.state, found.link.hop) == ("down", "host")
    assert found.link.last_contact_at == AT - dt.timedelta(hours=2)
    assert found.disk == DiskHealth(free_bytes=7, total_bytes=9, writable=True)
    assert found.readers == (
        ReaderHealth(transport="ble", state="ready", battery_percent=55),
        ReaderHealth(transport="ble", state="unavailable", battery_low=True),
    )
    assert found.data_used == DataUsed(month="2026-11", received_bytes=5_000_000, sent_bytes=70_000)
    assert found.rescued_at == AT
    assert (found.bound, found.enabled) == (True, True)


async def test_a_box_of_which_nothing_is_known_yet_does_not_claim_to_be_drained(clock: FakeClock) -> None:
    found = await desk(LiveBoard(), clock).look()

    assert found.queue == QueueHealth(drained=False, unsent=0, needs_person=0)
    assert (found.bound, found.enabled, found.link.state) == (False, False, "down")
    assert found.power == PowerHealth()
    assert found.data_used is None


def test_the_links_day_is_told_by_the_hour() -> None:
    first = [
        LinkSample(at=AT + dt.timedelta(minutes=5 * n), link=link, queue_depth=0)
        for n, link in enumerate(["good"] * 9 + ["unstable", "down", "down"])
    ]
    third = [LinkSample(at=AT + dt.timedelta(hours=2, minutes=55), link="good", queue_depth=1)]

    assert hours_of([*first, *third]) == (
        LinkHour(at=AT, good_min=45, unstable_min=5, down_min=10),
        LinkHour(at=AT + dt.timedelta(hours=2), good_min=5, unstable_min=0, down_min=0),
    )


async def test_odd_figures_do_not_make_a_report_that_is_refused(clock: FakeClock) -> None:
    board = LiveBoard()
    board.put("cards", CardsTopic(readers=(slot(name="odd", state="ready", battery=255),)))
    points = [LinkSample(at=AT + dt.timedelta(hours=n), link="good", queue_depth=0) for n in range(60)]

    found = await desk(board, clock, points=points).look()

    assert [reader.battery_percent for reader in found.readers] == [None]
    assert found.link.hours[-1].at == AT + dt.timedelta(hours=59)
    assert msgspec.json.decode(msgspec.json.encode(found), type=BoxHealth) == found


class Institution:
    """Hears reports; ``answers`` are what becomes of each, None: taken."""

    def __init__(self, answers: Sequence[VisitBridgeError | None]) -> None:
        self._answers: Iterator[VisitBridgeError | None] = iter(answers)
        self.told_s: list[float] = []

    async def report_health(self, health: BoxHealth) -> None:
        self.told_s.append(health.at.timestamp())
        error = next(self._answers, None)
        if error is not None:
            raise error


class Reporting:
    def __init__(self, clock: FakeClock, institution: Institution) -> None:
        self.clock = clock
        self.institution = institution
        self.link_is_up = asyncio.Event()
        self.is_idle = True
        self.began_s = clock.now().timestamp()

    async def wait_link(self) -> None:
        await self.link_is_up.wait()

    async def pass_time(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.clock.advance(1)
            for _ in range(6):
                await asyncio.sleep(0)

    @property
    def told_s(self) -> list[int]:
        """Seconds from the beginning."""
        return [round(each - self.began_s) for each in self.institution.told_s]


@asynccontextmanager
async def reporting(
    clock: FakeClock,
    *answers: VisitBridgeError | None,
    draw: Callable[[], float] = lambda: 0.5,
    trouble: VisitBridgeError | None = None,
) -> AsyncIterator[Reporting]:
    found = Reporting(clock, Institution(answers))
    service = HealthReports(
        desk(LiveBoard(), clock, trouble=trouble),
        found.institution,
        clock,
        wait_link=found.wait_link,
        is_idle=lambda: found.is_idle,
        draw=draw,
    )
    task = asyncio.ensure_future(service.run(lambda: None))
    await asyncio.sleep(0)
    yield found
    task.cancel()
    await asyncio.wait({task})


async def test_it_is_told_every_quarter_of_an_hour_while_the_link_is_up(clock: FakeClock) -> None:
    async with reporting(clock) as box:
        await box.pass_time(100)
        assert box.told_s == []
        box.link_is_up.set()
        await box.pass_time(1_900)

    assert box.told_s == [131, 1031, 1931]


@pytest.mark.parametrize(("drawn", "share"), [(0.0, 1 - SPREAD), (0.5, 1.0), (1.0, 1 + SPREAD)])
async def test_boxes_do_not_all_come_at_once(clock: FakeClock, drawn: float, share: float) -> None:
    async with reporting(clock, draw=lambda: drawn) as box:
        box.link_is_up.set()
        await box.pass_time(FIRST_WITHIN_S + EVERY_S * (1 + SPREAD) + 5)

    first, second = box.told_s[:2]
    assert first == pytest.approx(FIRST_WITHIN_S * drawn, abs=1)
    assert second - first == pytest.approx(EVERY_S * share, abs=1)


async def test_an_upload_under_way_goes_first(clock: FakeClock) -> None:
    async with reporting(clock, draw=lambda: 0.0) as box:
        box.is_idle = False
        box.link_is_up.set()
        await box.pass_time(50)
        assert box.told_s == []
        box.is_idle = True
        await box.pass_time(10)

    assert len(box.told_s) == 1


@pytest.mark.parametrize(
    "error", [LinkDown("gone", hop="host"), DataCentreGarbled("500"), StoreFull("full")], ids=repr
)
async def test_a_report_that_fails_is_followed_by_another_soon(
    clock: FakeClock, error: VisitBridgeError
) -> None:
    async with reporting(clock, error, draw=lambda: 0.5) as box:
        box.link_is_up.set()
        await box.pass_time(FIRST_WITHIN_S / 2 + AGAIN_S + 5)

    assert len(box.told_s) == 2


async def test_a_store_that_cannot_be_read_ends_no_reporting(clock: FakeClock) -> None:
    async with reporting(clock, trouble=StoreFull("full")) as box:
        box.link_is_up.set()
        await box.pass_time(600)

    assert box.told_s == []
