"""The list of boxes: what is told, what is judged, what is looked for (B09, beyond #14)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection

from tests.vpnportal.box import Box
from tests.vpnportal.health_samples import HOUR, WELL
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.samples import NOW
from visitbridge.domain.people import Institution
from visitbridge.protocols.datacentre.device import SamRecord
from visitbridge.protocols.health import DiskHealth, PowerHealth, QueueHealth
from vpnportal.devices import Device, set_note
from vpnportal.fleet import DEFAULT_LIMITS, FleetBox, FleetQuery, Level, Limits, TicketState, judged, look
from vpnportal.health_reports import KEPT, Report
from vpnportal.lab_data import LAB_DEVICE, LAB_INSTITUTION

DAY = dt.timedelta(days=1)
DEVICE = Device(
    device_id="d",
    institution=Institution(code="9999999995", name="示範"),
    name="一號",
    dataset_group="default",
    enabled=True,
    orders=(),
    created_at=NOW - 90 * DAY,
    bound_at=NOW - 89 * DAY,
    sam=SamRecord(
        sam_id="900000000001", valid_from=NOW.date(), valid_until=NOW.date() + dt.timedelta(days=900)
    ),
    last_contact_at=NOW - HOUR,
)


def changed(value: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(value, **changes)


def alarms(
    device: Device = DEVICE,
    health: Any = WELL,
    *,
    until: dt.datetime | None = NOW + 300 * DAY,
    audit_alerts: int = 0,
    limits: Limits = DEFAULT_LIMITS,
) -> dict[str, tuple[Level, str]]:
    box = judged(
        device,
        NOW,
        pin=TicketState.USED,
        certificate_until=until,
        report=None if health is None else Report(at=NOW, health=health),
        audit_alerts=audit_alerts,
        limits=limits,
    )
    return {alarm.code: (alarm.level, alarm.words) for alarm in box.alarms}


def test_a_box_that_is_well_alarms_nobody() -> None:
    assert alarms() == {}


def test_a_box_that_was_never_bound_is_not_missed() -> None:
    assert alarms(changed(DEVICE, bound_at=None, last_contact_at=None), None, until=None) == {}


@pytest.mark.parametrize(
    ("bound_at", "until", "words"),
    [(None, None, "已停用，尚未綁定"), (DEVICE.bound_at, NOW + 300 * DAY, "已停用")],
    ids=["never bound", "bound"],
)
def test_B11_a_disabled_box_is_marked(
    bound_at: dt.datetime | None, until: dt.datetime | None, words: str
) -> None:
    disabled = changed(DEVICE, enabled=False, bound_at=bound_at)
    assert alarms(disabled, until=until) == {"disabled": (Level.WARNING, words)}


@pytest.mark.parametrize(
    ("silent", "limit", "words"),
    [
        (24 * HOUR, 24, None),
        (24 * HOUR + DAY / 1440, 24, "已 24 時沒有連絡"),
        (3 * DAY, 24, "已 3 天沒有連絡"),
        (3 * DAY, 96, None),
    ],
)
def test_B09_a_silent_box_is_an_alarm_after_the_limit_of_the_institution(
    silent: dt.timedelta, limit: int, words: str | None
) -> None:
    found = alarms(
        changed(DEVICE, last_contact_at=NOW - silent), limits=Limits(no_contact=dt.timedelta(hours=limit))
    )
    assert found.get("no_contact") == (None if words is None else (Level.ALARM, words))


def test_a_box_that_was_bound_and_never_heard_of_again_is_missed() -> None:
    assert alarms(changed(DEVICE, last_contact_at=None), None)["no_contact"][1] == "已 89 天沒有連絡"


@pytest.mark.parametrize(
    ("unsent", "waited", "expected"),
    [
        (3, 12 * HOUR, None),
        (3, 12 * HOUR + DAY / 1440, (Level.ALARM, "3 件待傳，最久 12 時")),
        (0, 20 * HOUR, None),
    ],
)
def test_B09_work_that_waits_for_more_than_12_hours_is_an_alarm(
    unsent: int, waited: dt.timedelta, expected: tuple[Level, str] | None
) -> None:
    queue = QueueHealth(drained=False, unsent=unsent, needs_person=0, oldest_at=NOW - waited)
    assert alarms(health=changed(WELL, queue=queue)).get("unsent") == expected


def test_what_a_silent_box_told_last_grows_old_here() -> None:
    """The report says 10 hours; the box has been off for 5 since."""
    queue = QueueHealth(drained=False, unsent=1, needs_person=0, oldest_at=NOW - 15 * HOUR)
    report = changed(WELL, at=NOW - 5 * HOUR, queue=queue)
    assert alarms(health=report)["unsent"] == (Level.ALARM, "1 件待傳，最久 15 時")


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (61, None),
        (60, (Level.WARNING, "安全模組剩 60 天")),
        (0, (Level.WARNING, "安全模組剩 0 天")),
        (-1, (Level.ALARM, "安全模組已過期")),
    ],
)
def test_B12_the_end_of_the_module_is_seen_coming(days: int, expected: tuple[Level, str] | None) -> None:
    sam = changed(DEVICE.sam, valid_until=NOW.date() + dt.timedelta(days=days))
    assert alarms(changed(DEVICE, sam=sam)).get("sam") == expected


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (NOW + 31 * DAY, None),
        (NOW + 30 * DAY, (Level.WARNING, "裝置憑證剩 30 天")),
        (NOW - HOUR, (Level.ALARM, "裝置憑證已過期")),
        (None, (Level.ALARM, "憑證已撤銷，須重新綁定")),
    ],
)
def test_the_end_of_the_certificate_is_seen_coming(
    until: dt.datetime | None, expected: tuple[Level, str] | None
) -> None:
    assert alarms(until=until).get("certificate") == expected


@pytest.mark.parametrize(
    ("changes", "code", "expected"),
    [
        ({"power": PowerHealth(under_voltage=True)}, "under_voltage", (Level.WARNING, "電壓不足")),
        ({"power": PowerHealth(battery_percent=20)}, "battery", (Level.WARNING, "電量 20%")),
        ({"power": PowerHealth(battery_percent=21)}, "battery", None),
        ({"clock": "untrusted"}, "clock", (Level.WARNING, "時間未校正")),
        ({"rescued_at": NOW}, "rescued", (Level.ALARM, "資料庫曾損壞，已用備份")),
        (
            {"disk": DiskHealth(free_bytes=9, total_bytes=10, writable=False)},
            "disk",
            (Level.ALARM, "儲存空間無法寫入"),
        ),
        (
            {"disk": DiskHealth(free_bytes=9, total_bytes=100, writable=True)},
            "disk",
            (Level.WARNING, "儲存空間剩 9%"),
        ),
        (
            {"queue": QueueHealth(drained=False, unsent=1, needs_person=2)},
            "needs_person",
            (Level.WARNING, "2 件需處理"),
        ),
    ],
)
def test_what_a_box_tells_of_itself_is_judged(
    changes: dict[str, Any], code: str, expected: tuple[Level, str] | None
) -> None:
    assert alarms(health=changed(WELL, **changes)).get(code) == expected


def test_a_trail_that_does_not_go_on_is_an_alarm() -> None:
    assert alarms(audit_alerts=2) == {"audit": (Level.ALARM, "稽核軌跡有 2 項警示")}


def seen(portal: RunningPortal, **query: Any) -> tuple[FleetBox, ...]:
    return portal.database.transact(
        lambda connection: look(connection, portal.clock.now(), query=FleetQuery(**query))
    )


async def test_a_report_updates_what_is_known_of_the_box(portal: RunningPortal, bound: Box) -> None:
    assert (await bound.ask("POST", "/device/health", WELL)).status == 204

    (box,) = seen(portal)
    assert box.report is not None
    assert box.report.health == WELL
    assert (box.device.software_version, box.device.os_version) == ("0.1.0", WELL.versions.system)
    assert (box.pin, box.alarms) == (TicketState.USED, ())
    assert box.certificate_until is not None


async def test_history_is_kept_by_the_quarter_for_a_fortnight(portal: RunningPortal, bound: Box) -> None:
    for unsent in (1, 2):
        queue = QueueHealth(drained=False, unsent=unsent, needs_person=0)
        await bound.ask("POST", "/device/health", changed(WELL, queue=queue))
    assert [report.health.queue.unsent for report in portal.reports()] == [2]

    portal.pass_time(dt.timedelta(minutes=15))
    await bound.ask("POST", "/device/health", WELL)
    assert [report.health.queue.unsent for report in portal.reports()] == [0, 2]

    portal.pass_time(KEPT)
    await bound.ask("POST", "/device/health", WELL)
    assert len(portal.reports()) == 2, "the first was a fortnight and a quarter old"


async def test_every_call_is_a_contact_and_few_are_written(portal: RunningPortal, bound: Box) -> None:
    await bound.ask("GET", "/device")
    first = portal.clock.now()
    portal.pass_time(dt.timedelta(seconds=59))
    await bound.ask("GET", "/device")
    assert portal.device.last_contact_at == first
    portal.pass_time(dt.timedelta(seconds=1))
    await bound.ask("GET", "/device")
    assert portal.device.last_contact_at == portal.clock.now()


async def test_boxes_that_need_somebody_come_first(portal: RunningPortal, bound: Box, other_box: Box) -> None:
    low = changed(WELL, power=PowerHealth(battery_percent=5))
    await other_box.ask("POST", "/device/health", low)
    await bound.ask("POST", "/device/health", WELL)
    portal.add_device("零號")

    assert [(box.device.name, box.level) for box in seen(portal)] == [
        ("第二台", Level.WARNING),
        *sorted([(LAB_DEVICE, Level.NONE), ("零號", Level.NONE)]),
    ]
    assert [box.device.name for box in seen(portal, alarmed=True)] == ["第二台"]


async def test_an_institution_sees_its_own_boxes_only(portal: RunningPortal) -> None:
    other = Institution(code="9999999994", name="別家")
    portal.add_device("別家的", other)

    def of(connection: Connection) -> tuple[FleetBox, ...]:
        return look(connection, portal.clock.now(), institution=LAB_INSTITUTION.code)

    assert {box.device.name for box in portal.database.transact(of)} == {LAB_DEVICE}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"sheet": "11111111-1111"}, True),
        ({"sheet": "22222222"}, False),
        ({"name": LAB_DEVICE[:2]}, True),
        ({"kind": "TEST"}, True),
        ({"kind": "iphone"}, False),
        ({"os": "0"}, True),
        ({"bound_from": dt.date(2026, 11, 23)}, True),
        ({"bound_from": dt.date(2026, 11, 24)}, False),
        ({"enabled": True}, True),
        ({"enabled": False}, False),
        ({"uploaded_from": dt.date(2026, 1, 1)}, False),
        ({"pin": TicketState.USED}, True),
        ({"pin": TicketState.WAITING}, False),
        ({"note": "三樓"}, True),
        ({"note": "四樓"}, False),
        ({"name": LAB_DEVICE, "note": "四樓"}, False),
    ],
)
async def test_B09_each_of_the_nine_fields_filters(
    portal: RunningPortal, bound: Box, query: dict[str, Any], found: bool
) -> None:
    device_id = portal.device.device_id
    portal.database.transact(lambda connection: set_note(connection, device_id, "三樓櫃台"))
    assert [box.device.name for box in seen(portal, **query)] == [LAB_DEVICE] * found


async def test_B08_the_record_of_a_box_is_whole(portal: RunningPortal, bound: Box) -> None:
    device = portal.device
    assert (device.sheet_id, device.told_name, device.kind) == (
        "11111111-1111-4111-8111-111111111111",
        "測試閘道器",
        "test",
    )
    assert device.bound_at == portal.clock.now()
    assert device.created_at <= device.bound_at
