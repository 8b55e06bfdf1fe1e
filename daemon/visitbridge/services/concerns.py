"""What of a box's health is worth a person's look, by code; the words are ``health.concern.CODE``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from visitbridge.domain.roc import TAIPEI
from visitbridge.protocols.health import BoxHealth
from visitbridge.services.environment.box import BATTERY_WARN_PERCENT, DISK_WARN_SHARE

UNSENT_FOR: Final = dt.timedelta(hours=12)
ENDS_WITHIN: Final = dt.timedelta(days=30)


def concerns_of(health: BoxHealth) -> tuple[str, ...]:
    """Codes in the order of their weight; empty for a box that is well."""
    return tuple(code for code, holds in _judged(health) if holds)


def _judged(health: BoxHealth) -> Iterator[tuple[str, bool]]:
    queue, expiry, power, disk = health.queue, health.expiry, health.power, health.disk
    soon = health.at + ENDS_WITHIN
    yield "disk_read_only", not disk.writable
    yield "rescued", health.rescued_at is not None
    yield "unsent_long", queue.oldest_at is not None and health.at - queue.oldest_at > UNSENT_FOR
    yield "needs_person", queue.needs_person > 0
    yield "disabled", health.bound and not health.enabled
    yield "not_bound", not health.bound
    yield "sam_ends", expiry.sam_until is not None and expiry.sam_until <= soon.astimezone(TAIPEI).date()
    yield "portal_certificate_ends", _ends(expiry.portal_certificate_at, soon)
    yield "page_certificate_ends", _ends(expiry.page_certificate_at, soon)
    yield "disk_low", disk.free_bytes < DISK_WARN_SHARE * disk.total_bytes
    yield "under_voltage", bool(power.under_voltage)
    yield (
        "battery_low",
        power.battery_percent is not None and power.battery_percent <= BATTERY_WARN_PERCENT,
    )
    yield "clock_untrusted", health.clock == "untrusted"


def _ends(at: dt.datetime | None, soon: dt.datetime) -> bool:
    return at is not None and at <= soon
