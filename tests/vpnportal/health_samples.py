"""Reports of invented boxes."""

from __future__ import annotations

import datetime as dt

from tests.vpnportal.samples import NOW
from visitbridge.protocols.health import (
    BoxHealth,
    DataSetVersion,
    DataUsed,
    DiskHealth,
    Expiry,
    LinkHealth,
    LinkHour,
    PowerHealth,
    QueueHealth,
    ReaderHealth,
    Versions,
)

HOUR = dt.timedelta(hours=1)

WELL = BoxHealth(
    at=NOW,
    up_since=NOW - 5 * HOUR,
    clock="data_centre",
    bound=True,
    enabled=True,
    versions=Versions(
        program="0.1.0",
        schema="0006",
        python="3.11.2",
        system="Debian GNU/Linux 12 (bookworm)",
        datasets=(DataSetVersion(name="icd10", version="20261101"),),
    ),
    queue=QueueHealth(drained=True, unsent=0, needs_person=0, last_success_at=NOW - HOUR),
    expiry=Expiry(page_certificate_at=NOW + dt.timedelta(days=600)),
    power=PowerHealth(under_voltage=False, battery_percent=62),
    link=LinkHealth(
        state="good",
        hop="",
        since=NOW - 4 * HOUR,
        last_contact_at=NOW,
        hours=tuple(
            LinkHour(
                at=NOW.replace(minute=0) - n * HOUR,
                good_min=60 - 15 * (n % 5 == 0) - 10 * (n % 7 == 0),
                unstable_min=10 * (n % 7 == 0),
                down_min=15 * (n % 5 == 0),
            )
            for n in range(23, -1, -1)
        ),
    ),
    disk=DiskHealth(free_bytes=20_000_000_000, total_bytes=32_000_000_000, writable=True),
    readers=(
        ReaderHealth(transport="usb", state="ready"),
        ReaderHealth(transport="ble", state="ready", battery_percent=55),
    ),
    data_used=DataUsed(month="2026-11", received_bytes=81_000_000, sent_bytes=12_500_000),
)
