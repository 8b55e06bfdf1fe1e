"""What happens each time the institution's side has answered: its time, its orders, its news, and our own trail to it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.adapters.store import SqlStore
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.app.network import Network
from visitbridge.app.places import make_eraser
from visitbridge.config import Config
from visitbridge.ports.clock import TimeTrust
from visitbridge.protocols.datacentre.device import DeviceStatus
from visitbridge.services.announcements import AnnouncementDesk
from visitbridge.services.audit_forwarding import AuditForwarding
from visitbridge.services.binding import Binding
from visitbridge.services.decommission import Decommission
from visitbridge.services.link import LinkWatch
from visitbridge.services.live import LiveBoard
from visitbridge.services.outbox.handoff import HandoffDesk
from visitbridge.services.portal_trust import PortalTrust


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Those who hear of the institution's answers."""

    decommission: Decommission
    trust: PortalTrust
    announcements: AnnouncementDesk


def build_contact(
    config: Config,
    *,
    clock: SystemClock,
    store: SqlStore,
    board: LiveBoard,
    data_centre: HttpDataCentre,
    network: Network,
    link: LinkWatch,
    binding: Binding,
    handoff: HandoffDesk,
    erasing: asyncio.Event,
) -> Contact:
    """``erasing`` is set when the box is to be erased."""
    forwarding = AuditForwarding(store, data_centre)
    decommission = Decommission(
        store,
        clock,
        board,
        institution=data_centre,
        box=lambda: binding.record,
        carriable=handoff.carriable,
        forward_trail=forwarding.forward,
        erase=make_eraser(config, clock, erasing),
    )
    trust = PortalTrust(data_centre.identity, board, clock, probe=link.probe_now)
    announcements = AnnouncementDesk(store, clock, board, data_centre)

    async def take_status(status: DeviceStatus) -> None:
        contact = data_centre.contact
        if contact is not None:
            network.time.offer(contact.time, TimeTrust.DATA_CENTRE, monotonic_s=contact.monotonic_s)
        await binding.take_status(status)
        await decommission.take(status.erase)
        await binding.verify_sam_if_due()
        await handoff.ask()
        await forwarding.forward()
        await trust.tend(status)
        await announcements.tend(status.announcements_digest)

    link.when_answered(take_status)
    link.when_disabled(binding.disabled)
    return Contact(decommission=decommission, trust=trust, announcements=announcements)
