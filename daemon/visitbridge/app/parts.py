"""What the HTTP face and the console call: all rooms of the box, by name."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from visitbridge.adapters.store import SqlCatalogue, SqlStore
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.app.network import Network
from visitbridge.app.records import RecordRooms
from visitbridge.runtime.supervisor import Service
from visitbridge.services.announcements import AnnouncementDesk
from visitbridge.services.binding import Binding
from visitbridge.services.card_names import CardNameBook
from visitbridge.services.cards import CardDesk
from visitbridge.services.datasets import DataSetRefresh
from visitbridge.services.decommission import Decommission
from visitbridge.services.environment import Survey
from visitbridge.services.health import HealthDesk
from visitbridge.services.identifying import IdentifyBook
from visitbridge.services.link.history import LinkHistory
from visitbridge.services.live import LiveBoard
from visitbridge.services.locking import LockDesk
from visitbridge.services.outbox.engine import Outbox
from visitbridge.services.outbox.handoff import HandoffDesk
from visitbridge.services.outbox.kinds import Kinds
from visitbridge.services.pairing import PairingDesk
from visitbridge.services.phones import PhoneDesk
from visitbridge.services.portal_trust import PortalTrust
from visitbridge.services.presence import PresenceDesk
from visitbridge.services.readers.desk import ReaderDesk
from visitbridge.services.relay import CardRelay
from visitbridge.services.retention import RetentionDesk
from visitbridge.services.safekeeping import Safekeeping
from visitbridge.services.site_steps import SiteBook
from visitbridge.services.staff import StaffDesk
from visitbridge.services.support import SupportDesk
from visitbridge.services.switching_off import SwitchOff
from visitbridge.services.tours import TourBook
from visitbridge.services.turns import ReaderTurns
from visitbridge.services.visits.desk import VisitDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything the HTTP face calls. ``running`` start in this order, so that they stop in the reverse one:
    the outbox ends its card write while readers and link still work.
    """

    clock: SystemClock
    store: SqlStore
    board: LiveBoard
    catalogue: SqlCatalogue
    datasets: DataSetRefresh
    phones: PhoneDesk
    presence: PresenceDesk
    pairing: PairingDesk
    binding: Binding
    cards: CardDesk
    reader_desk: ReaderDesk | None
    turns: ReaderTurns
    names: CardNameBook
    relay: CardRelay
    staff: StaffDesk
    kinds: Kinds
    outbox: Outbox
    visits: VisitDesk
    retention: RetentionDesk
    handoff: HandoffDesk
    safekeeping: Safekeeping
    history: LinkHistory
    survey: Survey
    records: RecordRooms
    trust: PortalTrust
    network: Network
    decommission: Decommission
    erasing: asyncio.Event
    announcements: AnnouncementDesk
    tours: TourBook
    identifying: IdentifyBook
    site: SiteBook
    lock: LockDesk
    support: SupportDesk
    health: HealthDesk
    switch_off: SwitchOff
    watch_token: str
    running: tuple[Service, ...]
