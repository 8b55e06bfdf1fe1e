"""The whole live state at once, and the stream of its changes."""

from __future__ import annotations

import msgspec
from aiohttp import web

from visitbridge.api.events import EventStreams
from visitbridge.api.routes import KNOWN, AnyRoute, Call, NoQuery, RawRoute, Route
from visitbridge.api.viewing import PhoneTopic, Viewer
from visitbridge.errors import NotPaired
from visitbridge.ports.records import PairedPhone
from visitbridge.services.announcements import AnnouncementsTopic
from visitbridge.services.identifying import IdentifyTopic
from visitbridge.services.live import LiveBoard
from visitbridge.services.modem.topic import ModemTopic
from visitbridge.services.presence import PresenceTopic
from visitbridge.services.readers.topic import BluetoothTopic
from visitbridge.services.topics import (
    BoxTopic,
    CardsTopic,
    CertificateTopic,
    ErasureTopic,
    LinkTopic,
    ModeTopic,
    PowerTopic,
    QueueTopic,
    StaffTopic,
    StoreTopic,
    TimeTopic,
)
from visitbridge.services.tours import TourTopic
from visitbridge.services.turns import UsesTopic


class State(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every topic that has been published; a topic is absent until its part of the box is up."""

    phone: PhoneTopic
    mode: ModeTopic | None = None
    box: BoxTopic | None = None
    link: LinkTopic | None = None
    modem: ModemTopic | None = None
    queue: QueueTopic | None = None
    cards: CardsTopic | None = None
    uses: UsesTopic | None = None
    bluetooth: BluetoothTopic | None = None
    staff: StaffTopic | None = None
    time: TimeTopic | None = None
    power: PowerTopic | None = None
    store: StoreTopic | None = None
    presence: PresenceTopic | None = None
    certificate: CertificateTopic | None = None
    erasure: ErasureTopic | None = None
    announcements: AnnouncementsTopic | None = None
    tour: TourTopic | None = None
    identify: IdentifyTopic | None = None


def state_for(board: LiveBoard, viewer: Viewer) -> State:
    shown = {topic: viewer.shown(topic, value) for topic, value in board.snapshot().items()}
    topics = {"phone": viewer.phone, **{topic: value for topic, value in shown.items() if value is not None}}
    return State(**{name: topics[name] for name in State.__struct_fields__ if name in topics})  # type: ignore[arg-type]


class LiveState:
    def __init__(self, board: LiveBoard, events: EventStreams) -> None:
        self._board = board
        self._events = events

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/state",
                summary="All live topics as one object",
                access=KNOWN,
                handler=self._state,
                answer=State,
            ),
            RawRoute(
                path="/api/events",
                summary="Live state as server-sent events: one `snapshot`, then `change` {topic, value}",
                access=KNOWN,
                produces="text/event-stream",
                handler=self._stream,
            ),
        ]

    async def _state(self, call: Call[NoQuery, None]) -> State:
        viewer = self._events.look(call.known_phone)
        if viewer is None:
            raise NotPaired("removed meanwhile")
        return state_for(self._board, viewer)

    async def _stream(self, request: web.Request, phone: PairedPhone | None) -> web.StreamResponse:
        return await self._events.serve(request, _known(phone))


def _known(phone: PairedPhone | None) -> PairedPhone:
    if phone is None:
        raise NotPaired("live state is for paired phones")
    return phone
