"""What boxes tell of their health: one report for each quarter of an hour, for a fortnight."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from visitbridge.protocols.health import BoxHealth
from vpnportal.schema import devices, health_reports

KEPT: Final = dt.timedelta(days=14)
_QUARTER_S: Final = 900


def keep_report(connection: Connection, device_id: str, health: BoxHealth, now: dt.datetime) -> None:
    """Keep a report in the place of an earlier one of the same quarter of an hour, and forget the oldest.

    What the box runs now is noted with the box itself (B08).
    """
    quarter = int(now.timestamp()) // _QUARTER_S
    mine = health_reports.c.device_id == device_id
    connection.execute(
        delete(health_reports).where(
            mine, (health_reports.c.quarter == quarter) | (health_reports.c.at < now - KEPT)
        )
    )
    connection.execute(
        insert(health_reports).values(
            device_id=device_id, quarter=quarter, at=now, document=msgspec.json.encode(health)
        )
    )
    connection.execute(
        update(devices)
        .where(devices.c.device_id == device_id)
        .values(software_version=health.versions.program, os_version=health.versions.system)
    )


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """``at``: when it was taken in, by the portal's clock."""

    at: dt.datetime
    health: BoxHealth


def last_reports(connection: Connection) -> dict[str, Report]:
    """The last report of every box that has one, by device id."""
    newest = (
        select(health_reports.c.device_id, func.max(health_reports.c.quarter).label("quarter"))
        .group_by(health_reports.c.device_id)
        .subquery()
    )
    rows = connection.execute(
        select(health_reports).join(
            newest,
            (health_reports.c.device_id == newest.c.device_id)
            & (health_reports.c.quarter == newest.c.quarter),
        )
    )
    return {row.device_id: _report(row.at, row.document) for row in rows}


def history(connection: Connection, device_id: str, most: int) -> tuple[Report, ...]:
    """The newest reports of one box, newest first."""
    rows = connection.execute(
        select(health_reports.c.at, health_reports.c.document)
        .where(health_reports.c.device_id == device_id)
        .order_by(health_reports.c.quarter.desc())
        .limit(most)
    )
    return tuple(_report(row.at, row.document) for row in rows)


def _report(at: dt.datetime, document: bytes) -> Report:
    return Report(at=at, health=msgspec.json.decode(document, type=BoxHealth))
