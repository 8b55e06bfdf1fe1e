"""A box that nobody has opened yet, or that was erased: it says so, and serves nothing else."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from typing import NoReturn

from visitbridge import __version__
from visitbridge.adapters.erasure import ErasedNote
from visitbridge.adapters.tls import BoxTls
from visitbridge.api.dispatch import Dispatcher
from visitbridge.api.events import EventStreams
from visitbridge.api.guard import Guard, authorities
from visitbridge.api.limits import TryLimit
from visitbridge.api.resources.documents import Documents
from visitbridge.api.resources.lock import LockState, LockView, Unlocking
from visitbridge.api.resources.state import State
from visitbridge.api.routes import AnyRoute, RouteTable
from visitbridge.api.server import ApiServer
from visitbridge.api.static import read_webui
from visitbridge.api.viewing import Viewer
from visitbridge.app.front import WEBUI_DIR
from visitbridge.config import Config
from visitbridge.domain.people import BoxRole
from visitbridge.domain.phones import PhoneState
from visitbridge.errors import BoxErased, BoxLocked, VisitBridgeError
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import PairedPhone
from visitbridge.services.grants import Acting
from visitbridge.services.live import LiveBoard
from visitbridge.services.locking import UnlockDesk
from visitbridge.words import Catalogue

UNLOCK_BURST, UNLOCK_REFILL_S = 5, 60.0


class ClosedFront:
    """The server of a closed box: words, pages, and the few routes it is given; every other address says why not."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        tls: BoxTls,
        words: Catalogue,
        *,
        routes: Iterable[AnyRoute],
        why: Callable[[], VisitBridgeError],
        listener: socket.socket | None,
    ) -> None:
        self._hosts = config.http.hosts
        documents = Documents(words, version=__version__)
        table = RouteTable.of(documents.routes(), routes)
        documents.describe(table.routes)
        nobody = _Nobody(why)
        self.server = ApiServer(
            table=table,
            dispatcher=Dispatcher(sessions=nobody, staff=nobody, in_hand=nobody, looks=nobody, words=words),
            guard=Guard(words, absent=why),
            events=EventStreams(LiveBoard(), clock, snapshot=nobody.snapshot, look=nobody.look),
            files=read_webui(config.http.webui_dir or WEBUI_DIR),
            tls=tls.context,
            bind=config.http.bind,
            port=config.http.port,
            listener=listener,
            hosts=self._hosts,
        )

    @property
    def url(self) -> str:
        return f"https://{min(authorities(self._hosts[:1], self.server.port), key=len)}/"


def locked_front(
    config: Config,
    clock: Clock,
    tls: BoxTls,
    words: Catalogue,
    desk: UnlockDesk,
    listener: socket.socket | None,
) -> ClosedFront:
    limit = TryLimit(clock, burst=UNLOCK_BURST, refill_s=UNLOCK_REFILL_S)
    return ClosedFront(
        config,
        clock,
        tls,
        words,
        routes=Unlocking(desk, limit).routes(),
        why=lambda: BoxLocked("the box waits to be opened"),
        listener=listener,
    )


def erased_front(
    config: Config,
    clock: Clock,
    tls: BoxTls,
    words: Catalogue,
    note: ErasedNote,
    listener: socket.socket | None,
) -> ClosedFront:
    view = LockView(state="erased", erased_at=note.at, erased_why=note.why)
    return ClosedFront(
        config,
        clock,
        tls,
        words,
        routes=LockState(lambda: view).routes(),
        why=lambda: BoxErased("the box was erased"),
        listener=listener,
    )


class _Nobody:
    """A closed box knows no phones and no people."""

    def __init__(self, why: Callable[[], VisitBridgeError]) -> None:
        self._why = why

    async def authenticate(self, token: str) -> PairedPhone:
        raise self._why()

    def role(self, phone_id: str) -> BoxRole:
        self._refuse()

    def state(self, phone: PairedPhone) -> PhoneState:
        self._refuse()

    def is_proven(self, phone_id: str) -> bool:
        self._refuse()

    async def note_use(self, phone_id: str) -> None:
        self._refuse()

    def acting(self, phone_id: str) -> None:
        self._refuse()

    async def require(self, acting: Acting, visit_id: str) -> None:
        self._refuse()

    async def opened(self, acting: Acting, visit_id: str, *, phone_id: str) -> None:
        self._refuse()

    def snapshot(self, viewer: Viewer) -> State:
        self._refuse()

    def look(self, phone: PairedPhone) -> None:
        return None

    def _refuse(self) -> NoReturn:
        raise self._why()
