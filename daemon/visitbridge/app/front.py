"""The HTTP face: all resources in one route table, behind one server."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from visitbridge import __version__
from visitbridge.adapters import metrics
from visitbridge.adapters.imaging import PhotoCodeReader
from visitbridge.adapters.paper import WorkerPaper
from visitbridge.adapters.tls import BoxTls
from visitbridge.api.dispatch import Dispatcher
from visitbridge.api.events import EventStreams
from visitbridge.api.forwarding import Forwarder
from visitbridge.api.guard import Guard, authorities
from visitbridge.api.limits import TryLimit
from visitbridge.api.resources.announcements import Announcements
from visitbridge.api.resources.audit import Audit
from visitbridge.api.resources.bluetooth import BluetoothPages
from visitbridge.api.resources.box import Box
from visitbridge.api.resources.catalogue import Catalogue
from visitbridge.api.resources.documents import Documents
from visitbridge.api.resources.drafts import Drafts
from visitbridge.api.resources.environment import Environment
from visitbridge.api.resources.exports import Exports
from visitbridge.api.resources.handoff import Handoffs
from visitbridge.api.resources.health import HealthPages
from visitbridge.api.resources.history import LinkChart
from visitbridge.api.resources.identifying import Identifying
from visitbridge.api.resources.lab import Lab
from visitbridge.api.resources.lock import Lock
from visitbridge.api.resources.outbox import JobItems, Outbox
from visitbridge.api.resources.pairing import Pairing
from visitbridge.api.resources.paper import Paper
from visitbridge.api.resources.phones import Phones
from visitbridge.api.resources.phrases import Phrases
from visitbridge.api.resources.power import PowerPages
from visitbridge.api.resources.readers import Readers
from visitbridge.api.resources.reset import Resets
from visitbridge.api.resources.retention import History
from visitbridge.api.resources.rights import Rights
from visitbridge.api.resources.roots import PortalRoots
from visitbridge.api.resources.site_steps import SiteSteps
from visitbridge.api.resources.staff import Staff
from visitbridge.api.resources.state import LiveState, state_for
from visitbridge.api.resources.support import Support
from visitbridge.api.resources.training import Training
from visitbridge.api.resources.virtual_cards import VirtualCards
from visitbridge.api.resources.visits import Visits
from visitbridge.api.routes import RouteTable
from visitbridge.api.server import ApiServer
from visitbridge.api.static import read_webui
from visitbridge.api.viewing import viewer_of
from visitbridge.app.parts import Parts
from visitbridge.app.records import record_routes
from visitbridge.app.training import lesson_routes
from visitbridge.config import Config
from visitbridge.domain.ids import new_id
from visitbridge.ports.training import TrainingRooms
from visitbridge.protocols.scanned_code import VirtualCardProfile
from visitbridge.services.audit import AuditDesk
from visitbridge.services.lookup import CodeLookup
from visitbridge.services.visits.exporting import ExportDesk
from visitbridge.services.visits.paper import PrintingDesk
from visitbridge.services.visits.phrases import PhraseBook
from visitbridge.services.visits.reconciling import ReconciliationDesk
from visitbridge.words import Catalogue as Words

WEBUI_DIR = Path(__file__).parents[3] / "webui"


def route_table(
    config: Config,
    parts: Parts,
    words: Words,
    events: EventStreams,
    *,
    pair_url: Callable[[str], str],
    rooms: TrainingRooms | None = None,
) -> RouteTable:
    """Every route of this box; those of the lab only when it runs in one."""
    lessons = config.lab.training is not None
    documents = Documents(words, version=__version__)
    rights = Rights()
    photos = PhotoCodeReader()
    items = JobItems(words)
    visits = Visits(parts.visits, items, parts.clock, parts.turns)
    table = RouteTable.of(
        documents.routes(),
        Pairing(
            parts.pairing, parts.presence, parts.staff, parts.clock, TryLimit(parts.clock), pair_url=pair_url
        ).routes(),
        Phones(parts.phones, parts.presence, TryLimit(parts.clock, burst=3, refill_s=600.0)).routes(),
        LiveState(parts.board, events).routes(),
        Audit(AuditDesk(parts.store, parts.clock)).routes(),
        Box(parts.binding, photos, parts.safekeeping).routes(),
        VirtualCards(photos, VirtualCardProfile()).routes(),
        PortalRoots(parts.trust).routes(),
        Environment(parts.survey, parts.network.try_modem_again).routes(),
        Readers(parts.cards, parts.names, parts.relay, parts.staff, parts.turns).routes(),
        BluetoothPages(parts.reader_desk).routes() if parts.reader_desk is not None else (),
        Staff(parts.staff, parts.phones, parts.turns).routes(),
        visits.routes(),
        Drafts(parts.visits, visits).routes(),
        Phrases(PhraseBook(parts.store, new_id=lambda: new_id(parts.clock.now()))).routes(),
        Outbox(parts.outbox.desk, items).routes(),
        Catalogue(
            CodeLookup(parts.catalogue, parts.store, parts.clock), parts.datasets, parts.staff
        ).routes(),
        History(parts.retention).routes(),
        record_routes(parts.records, parts.turns),
        Handoffs(parts.handoff, has_key=lambda: bool(parts.binding.record.handoff_key)).routes(),
        LinkChart(parts.history).routes(),
        HealthPages(parts.health, metrics.metrics_text, metrics_type=metrics.CONTENT_TYPE).routes(),
        Lock(parts.lock, parts.turns).routes(),
        Resets(parts.decommission).routes(),
        PowerPages(parts.switch_off).routes(),
        Support(parts.support).routes(),
        Exports(
            ExportDesk(
                parts.store, parts.clock, parts.visits.get, sam_id=parts.binding.sam_id, training=lessons
            ),
            ReconciliationDesk(parts.store, parts.clock, training=lessons),
            parts.staff,
        ).routes(),
        Paper(
            PrintingDesk(parts.store, parts.clock, _paper(words), parts.visits.get, training=lessons)
        ).routes(),
        Announcements(parts.announcements, parts.tours).routes(),
        Identifying(parts.identifying).routes(),
        SiteSteps(parts.site, parts.staff).routes(),
        rights.routes(),
        Training(
            rooms,
            role=parts.phones.role,
            card_in_hand=lambda: parts.turns.box_is_using,
            gone_in=events.drop,
        ).routes(),
        Lab(config.lab.control).routes() if config.lab.control is not None else (),
        lesson_routes(config, parts),
    )
    documents.describe(table.routes)
    rights.describe(table.routes)
    return table


def _paper(words: Words) -> WorkerPaper:
    """The form is Chinese whatever the phone's language: it is for a pharmacy."""
    prefix = "paper."
    texts = words.texts("zh-Hant-TW").items()
    return WorkerPaper({key.removeprefix(prefix): text for key, text in texts if key.startswith(prefix)})


class Front:
    """The server and the addresses it can be reached at."""

    def __init__(
        self,
        config: Config,
        parts: Parts,
        tls: BoxTls,
        words: Words,
        *,
        listener: socket.socket | None = None,
        rooms: TrainingRooms | None = None,
        on_phone: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._hosts = config.http.hosts
        events = EventStreams(
            parts.board,
            parts.clock,
            snapshot=lambda viewer: state_for(parts.board, viewer),
            look=lambda phone: viewer_of(phone, parts.phones, parts.staff),
        )
        parts.phones.when_removed(events.drop)
        parts.phones.when_changed(events.look_again)
        self.server = ApiServer(
            table=route_table(config, parts, words, events, pair_url=self.pair_url, rooms=rooms),
            dispatcher=Dispatcher(
                sessions=parts.phones,
                staff=parts.staff,
                in_hand=parts.visits.in_hand,
                looks=parts.visits.looks,
                words=words,
                watch_token=parts.watch_token,
            ),
            guard=Guard(words),
            events=events,
            files=read_webui(config.http.webui_dir or WEBUI_DIR),
            tls=tls.context,
            bind=config.http.bind,
            port=config.http.port,
            listener=listener,
            hosts=config.http.hosts,
            forwarder=Forwarder(rooms, parts.phones),
            on_phone=on_phone,
        )

    @property
    def url(self) -> str:
        """By the first of the configured hosts."""
        return f"https://{min(authorities(self._hosts[:1], self.server.port), key=len)}/"

    def pair_url(self, token: str) -> str:
        """The token is in the fragment, which a browser sends to nobody."""
        return f"{self.url}p#{token}"
