"""The box itself: security module, clock, readers, power, disk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import msgspec

from visitbridge.domain.roc import TAIPEI
from visitbridge.domain.site_steps import SiteState
from visitbridge.ports.clock import TimeTrust
from visitbridge.services.environment.report import Check, absent, fail, ok, warn
from visitbridge.services.site_steps import SiteStepView
from visitbridge.services.topics import BoxTopic, CardsTopic, CertificateTopic, PortalTopic, PowerTopic

SAM_WARN_DAYS = 60
CERTIFICATE_WARN_DAYS = 60
DISK_WARN_SHARE, DISK_FAIL_SHARE = 0.10, 0.02
BATTERY_WARN_PERCENT = 20


class DiskFound(msgspec.Struct, frozen=True, kw_only=True):
    """``writable``: a few bytes were written and are on disk."""

    free_bytes: int
    total_bytes: int
    writable: bool


class DiskProbe(Protocol):
    async def look(self) -> DiskFound: ...


def sam_check(box: BoxTopic | None, now: dt.datetime) -> Check:
    """Validity (B12: warned of 60, 30 and 7 days before) and today's verification (E02)."""
    if box is None or not box.bound or box.sam_valid_until is None:
        return fail("sam", "not_bound")
    today = now.astimezone(TAIPEI).date()
    days = (box.sam_valid_until - today).days
    if days < 0:
        return fail("sam", "expired", date=box.sam_valid_until.isoformat())
    verified = box.sam_verified_at
    if verified is None or verified.astimezone(TAIPEI).date() != today:
        return fail("sam", "unverified")
    if days <= SAM_WARN_DAYS:
        return warn("sam", "ends_soon", days=days)
    return ok("sam", days=days)


def portal_certificate_check(portal: PortalTopic | None, now: dt.datetime) -> Check:
    """The box's own certificate at the data centre, which it renews by itself while it is good."""
    if portal is None:
        return absent("portal_certificate")
    days = (portal.certificate_ends_at - now).days
    if days < 0:
        return fail("portal_certificate", "expired")
    if portal.renewal_due:
        return warn("portal_certificate", "not_renewed", days=days)
    return ok("portal_certificate", days=days)


def certificate_check(certificate: CertificateTopic | None, now: dt.datetime) -> Check:
    """What phones are shown; the box makes its own anew in time, a dropped-in one is for a technician to replace."""
    if certificate is None:
        return absent("certificate")
    days = (certificate.ends_at - now).days
    if certificate.refused:
        return warn("certificate", "refused", error=certificate.refused)
    if not certificate.own and days <= CERTIFICATE_WARN_DAYS:
        return warn("certificate", "ends_soon", days=days)
    return ok("certificate", "own" if certificate.own else "ok", days=days)


def clock_check(trust: TimeTrust) -> Check:
    return fail("clock", "untrusted") if trust is TimeTrust.UNTRUSTED else ok("clock", trust.value)


def readers_check(cards: CardsTopic | None) -> Check:
    slots = () if cards is None else cards.readers
    answering = [slot for slot in slots if slot.state != "unavailable"]
    if cards is not None and cards.troubles:
        judge = warn if answering else fail
        return judge("readers", "service", error=cards.troubles[0])
    if not answering:
        return fail("readers", "silent" if slots else "none")
    if len(answering) < len(slots):
        return warn("readers", "some_silent", count=len(slots) - len(answering))
    return ok("readers", count=len(answering))


def power_check(power: PowerTopic | None) -> Check:
    if power is not None and power.under_voltage:
        return fail("power", "under_voltage")
    if power is not None and power.battery_silent:
        return warn("power", "silent")
    if power is None or (power.under_voltage is None and power.battery_percent is None):
        return absent("power")
    if power.battery_percent is None:
        return ok("power", "steady")
    if power.battery_percent <= BATTERY_WARN_PERCENT:
        return warn("power", "low", percent=power.battery_percent)
    return ok("power", percent=power.battery_percent)


def disk_check(found: DiskFound) -> Check:
    percent = round(100 * found.free_bytes / max(found.total_bytes, 1))
    if not found.writable:
        return fail("disk", "read_only")
    if found.free_bytes < DISK_FAIL_SHARE * found.total_bytes:
        return fail("disk", "full", percent=percent)
    if found.free_bytes < DISK_WARN_SHARE * found.total_bytes:
        return warn("disk", "low", percent=percent)
    return ok("disk", percent=percent)


def site_check(steps: Sequence[SiteStepView]) -> Check:
    """What people said of the insurer's site (A04, A05, A07); never a fault, since the box cannot see whether it is so."""
    count = sum(step.state is not SiteState.DONE for step in steps)
    return warn("site", "open", count=count) if count else ok("site")
