"""The institution's list of boxes: what each told last, and which of them needs somebody (B09, beyond #14).

Judged here and not on the box: one that is off says nothing, and what it said last grows old.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from sqlalchemy import Connection, func, select

from visitbridge.protocols.health import BoxHealth
from vpnportal.audit_heads import count_alerts
from vpnportal.clock import taipei_day
from vpnportal.devices import Device, list_devices
from vpnportal.health_reports import Report, last_reports
from vpnportal.schema import certificates, tickets


class Level(enum.IntEnum):
    """``ALARM``: somebody has to do something today."""

    NONE = 0
    WARNING = 1
    ALARM = 2


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """``code`` is for programs, ``words`` for people."""

    code: str
    level: Level
    words: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """From when on something is worth an alarm. ``no_contact``: a box is off at night and at weekends."""

    no_contact: dt.timedelta = dt.timedelta(hours=24)
    unsent: dt.timedelta = dt.timedelta(hours=12)
    sam_days: int = 60
    certificate_days: int = 30
    battery_percent: int = 20
    disk_share: float = 0.10


DEFAULT_LIMITS: Final = Limits()


class TicketState(enum.StrEnum):
    """Of the registration number (裝置 PIN): waiting to be used, used, or none that could be."""

    WAITING = "waiting"
    USED = "used"
    NONE = "none"


class FleetBox(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list. ``certificate_until``: of its newest certificate that was not revoked."""

    device: Device
    pin: TicketState
    certificate_until: dt.datetime | None
    report: Report | None
    audit_alerts: int
    alarms: tuple[Alarm, ...]

    @property
    def level(self) -> Level:
        return max((alarm.level for alarm in self.alarms), default=Level.NONE)


Text = Annotated[str, Meta(max_length=80)]


class FleetQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The nine fields that the insurer's page filters on, and alarms. Text: any part, in any case; days: on that day or later;
    empty or None: whatever it is.
    """

    sheet: Text = ""
    name: Text = ""
    kind: Text = ""
    os: Text = ""
    bound_from: dt.date | None = None
    enabled: bool | None = None
    uploaded_from: dt.date | None = None
    pin: TicketState | None = None
    note: Text = ""
    alarmed: bool = False


def look(
    connection: Connection,
    now: dt.datetime,
    *,
    institution: str | None = None,
    query: FleetQuery | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[FleetBox, ...]:
    """The boxes of one institution, or of all, those that need somebody first."""
    reports = last_reports(connection)
    ends = _certificate_ends(connection)
    pins = _ticket_states(connection, now)
    boxes = (
        judged(
            device,
            now,
            pin=pins.get(device.device_id, TicketState.NONE),
            certificate_until=ends.get(device.device_id),
            report=reports.get(device.device_id),
            audit_alerts=count_alerts(connection, device.device_id),
            limits=limits,
        )
        for device in list_devices(connection)
        if institution is None or device.institution.code == institution
    )
    wanted = [box for box in boxes if _fits(box, query or FleetQuery())]
    return tuple(sorted(wanted, key=lambda box: (-box.level, box.device.institution.code, box.device.name)))


def judged(
    device: Device,
    now: dt.datetime,
    *,
    pin: TicketState,
    certificate_until: dt.datetime | None,
    report: Report | None,
    audit_alerts: int,
    limits: Limits,
) -> FleetBox:
    alarms = [
        *_of_record(device, now, certificate_until, limits),
        *(() if report is None else _of_report(report.health, now, limits)),
    ]
    if audit_alerts:
        alarms.append(Alarm(code="audit", level=Level.ALARM, words=f"稽核軌跡有 {audit_alerts} 項警示"))
    return FleetBox(
        device=device,
        pin=pin,
        certificate_until=certificate_until,
        report=report,
        audit_alerts=audit_alerts,
        alarms=tuple(sorted(alarms, key=lambda alarm: -alarm.level)),
    )


def _of_record(
    device: Device, now: dt.datetime, certificate_until: dt.datetime | None, limits: Limits
) -> Iterator[Alarm]:
    """What the portal knows by itself; of a box that was never bound only that it cannot be."""
    if not device.enabled:
        words = "已停用，尚未綁定" if device.bound_at is None else "已停用"
        yield Alarm(code="disabled", level=Level.WARNING, words=words)
    if device.bound_at is None:
        return
    heard_at = device.last_contact_at or device.bound_at
    if now - heard_at > limits.no_contact:
        yield Alarm(code="no_contact", level=Level.ALARM, words=f"已 {span(now - heard_at)}沒有連絡")
    days = (device.sam.valid_until - taipei_day(now)).days
    yield from _ending("sam", "安全模組", days, limits.sam_days)
    if certificate_until is None:
        yield Alarm(code="certificate", level=Level.ALARM, words="憑證已撤銷，須重新綁定")
    else:
        yield from _ending("certificate", "裝置憑證", (certificate_until - now).days, limits.certificate_days)


def _ending(code: str, what: str, days: int, warn_days: int) -> Iterator[Alarm]:
    if days < 0:
        yield Alarm(code=code, level=Level.ALARM, words=f"{what}已過期")
    elif days <= warn_days:
        yield Alarm(code=code, level=Level.WARNING, words=f"{what}剩 {days} 天")


def _of_report(health: BoxHealth, now: dt.datetime, limits: Limits) -> Iterator[Alarm]:
    queue, disk = health.queue, health.disk
    if queue.unsent and queue.oldest_at is not None and now - queue.oldest_at > limits.unsent:
        waited = span(now - queue.oldest_at)
        yield Alarm(code="unsent", level=Level.ALARM, words=f"{queue.unsent} 件待傳，最久 {waited}")
    if health.rescued_at is not None:
        yield Alarm(code="rescued", level=Level.ALARM, words="資料庫曾損壞，已用備份")
    if not disk.writable:
        yield Alarm(code="disk", level=Level.ALARM, words="儲存空間無法寫入")
    elif disk.free_bytes < limits.disk_share * disk.total_bytes:
        share = round(100 * disk.free_bytes / max(disk.total_bytes, 1))
        yield Alarm(code="disk", level=Level.WARNING, words=f"儲存空間剩 {share}%")
    if queue.needs_person:
        yield Alarm(code="needs_person", level=Level.WARNING, words=f"{queue.needs_person} 件需處理")
    if health.power.under_voltage:
        yield Alarm(code="under_voltage", level=Level.WARNING, words="電壓不足")
    battery = health.power.battery_percent
    if battery is not None and battery <= limits.battery_percent:
        yield Alarm(code="battery", level=Level.WARNING, words=f"電量 {battery}%")
    if health.clock == "untrusted":
        yield Alarm(code="clock", level=Level.WARNING, words="時間未校正")


def span(duration: dt.timedelta) -> str:
    """``3 天`` or ``14 時``, rounded down; with a space behind, as words go on in Chinese."""
    hours = int(duration.total_seconds() // 3600)
    return f"{hours // 24} 天" if hours >= 48 else f"{hours} 時"


def _fits(box: FleetBox, query: FleetQuery) -> bool:
    device = box.device
    texts = (
        (query.sheet, device.sheet_id),
        (query.name, device.name),
        (query.kind, device.kind),
        (query.os, device.os_version),
        (query.note, device.note),
    )
    days = ((query.bound_from, device.bound_at), (query.uploaded_from, device.last_upload_at))
    return (
        all(wanted.casefold() in found.casefold() for wanted, found in texts)
        and all(since is None or (at is not None and taipei_day(at) >= since) for since, at in days)
        and query.enabled in {None, device.enabled}
        and query.pin in {None, box.pin}
        and (not query.alarmed or box.level is not Level.NONE)
    )


def _certificate_ends(connection: Connection) -> Mapping[str, dt.datetime]:
    rows = connection.execute(
        select(certificates.c.device_id, func.max(certificates.c.valid_until).label("until"))
        .where(certificates.c.revoked_at.is_(None))
        .group_by(certificates.c.device_id)
    )
    return {row.device_id: row.until for row in rows}


def _ticket_states(connection: Connection, now: dt.datetime) -> Mapping[str, TicketState]:
    states: dict[str, TicketState] = {}
    for row in connection.execute(select(tickets).order_by(tickets.c.expires_at)):
        if row.used_at is not None:
            states[row.device_id] = TicketState.USED
        elif row.expires_at > now and row.tries_left > 0:
            states[row.device_id] = TicketState.WAITING
    return states
