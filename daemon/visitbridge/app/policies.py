"""What the configuration means to each service, in that service's own terms."""

from __future__ import annotations

from visitbridge.app.options import Options
from visitbridge.config import Config, LinkSection, OutboxSection, PolicySection
from visitbridge.domain.jobs import AgeLimits
from visitbridge.services.link import LinkPolicy
from visitbridge.services.outbox.engine import OutboxSettings
from visitbridge.services.phone_session import PhoneLimits
from visitbridge.services.staff_terms import StaffPolicy
from visitbridge.services.topics import ModeTopic


def of_link(section: LinkSection) -> LinkPolicy:
    return LinkPolicy(
        good_successes=section.good_successes,
        good_after_s=section.good_after_s,
        unstable_window_s=section.unstable_window_s,
        down_failures=section.down_failures,
        probe_good_s=section.probe_good_s,
    )


def of_outbox(section: OutboxSection) -> OutboxSettings:
    limits = AgeLimits(amber_s=section.amber_s, red_s=section.red_s, overdue_s=section.overdue_s)
    return OutboxSettings(concurrency=section.concurrency, limits=limits)


def of_staff(section: PolicySection) -> StaffPolicy:
    return StaffPolicy(max_hours=section.staff_max_hours, ends_at_midnight=section.staff_ends_at_midnight)


def of_phones(section: PolicySection) -> PhoneLimits:
    return PhoneLimits(
        idle_s=section.phone_lock_minutes * 60,
        whole_s=section.phone_session_hours * 3600,
        proof_s=section.phone_proof_minutes * 60,
    )


def mode(config: Config, options: Options) -> ModeTopic:
    """A box of the test realm sends nothing real, and says so on every page."""
    lessons = config.lab.training is not None
    training = lessons or (config.datacentre.realm == "test" and not options.allow_virtual)
    return ModeTopic(virtual=options.allow_virtual, training=training, lessons=lessons)
