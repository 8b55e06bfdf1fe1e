"""The health of this box, put together from what its parts publish, and told to the institution now and then."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeVar

import msgspec

from visitbridge.errors import DataCentreError, LinkError, StoreError
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import DataSetRecord, LinkSample
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
from visitbridge.services.environment.box import DiskProbe
from visitbridge.services.live import LiveBoard
from visitbridge.services.modem.meter import MeterReading
from visitbridge.services.topics import (
    BoxTopic,
    CardsTopic,
    CertificateTopic,
    LinkTopic,
    PortalTopic,
    PowerTopic,
    QueueTopic,
    StoreTopic,
)

log = logging.getLogger(__name__)

T = TypeVar("T", bound=msgspec.Struct)

EVERY_S: Final = 900.0
AGAIN_S: Final = 120.0
FIRST_WITHIN_S: Final = 60.0
SPREAD: Final = 0.2
"""Share by which a pause is longer or shorter, so that the boxes of an institution do not all come at once."""

_QUIET_EVERY_S: Final = 5.0
_STEP_MIN: Final = 5
_MOST_READERS, _MOST_SETS, _MOST_HOURS = 64, 64, 26


class HealthDesk:
    """``program``: the versions that do not change while the program runs. ``points``: the link's last day in steps of five
    minutes.
    """

    def __init__(
        self,
        board: LiveBoard,
        clock: Clock,
        *,
        program: Versions,
        datasets: Callable[[], Awaitable[Sequence[DataSetRecord]]],
        points: Callable[[], Awaitable[Sequence[LinkSample]]],
        disk: DiskProbe,
        data_used: Callable[[], MeterReading | None],
    ) -> None:
        self._board = board
        self._clock = clock
        self._program = program
        self._datasets = datasets
        self._points = points
        self._disk = disk
        self._data_used = data_used
        self._began_s = clock.monotonic()

    async def look(self) -> BoxHealth:
        """How the box is now. Raises StoreError."""
        loaded = await self._datasets()
        points = await self._points()
        disk = await self._disk.look()
        box, store = self._topic("box", BoxTopic), self._topic("store", StoreTopic)
        now = self._clock.now()
        return BoxHealth(
            at=now,
            up_since=now - dt.timedelta(seconds=self._clock.monotonic() - self._began_s),
            clock=self._clock.trust.value,
            bound=box is not None and box.bound,
            enabled=box is not None and box.enabled,
            versions=msgspec.structs.replace(
                self._program,
                datasets=tuple(
                    DataSetVersion(name=each.name, version=each.version) for each in loaded[:_MOST_SETS]
                ),
            ),
            queue=self._queue(),
            expiry=self._expiry(box),
            power=self._power(),
            link=self._link(points),
            disk=DiskHealth(free_bytes=disk.free_bytes, total_bytes=disk.total_bytes, writable=disk.writable),
            readers=self._readers(),
            data_used=self._data(),
            rescued_at=store.rescued_at if store else None,
        )

    def _queue(self) -> QueueHealth:
        queue = self._topic("queue", QueueTopic)
        if queue is None:
            return QueueHealth(drained=False, unsent=0, needs_person=0)
        return QueueHealth(
            drained=queue.depth == 0,
            unsent=queue.depth,
            needs_person=queue.attention,
            oldest_at=queue.oldest_at,
            last_success_at=queue.last_success_at,
        )

    def _expiry(self, box: BoxTopic | None) -> Expiry:
        portal = self._topic("portal", PortalTopic)
        pages = self._topic("certificate", CertificateTopic)
        return Expiry(
            sam_until=box.sam_valid_until if box else None,
            portal_certificate_at=portal.certificate_ends_at if portal else None,
            page_certificate_at=pages.ends_at if pages else None,
        )

    def _power(self) -> PowerHealth:
        power = self._topic("power", PowerTopic)
        if power is None:
            return PowerHealth()
        return PowerHealth(under_voltage=power.under_voltage, battery_percent=power.battery_percent)

    def _link(self, points: Sequence[LinkSample]) -> LinkHealth:
        link = self._topic("link", LinkTopic)
        if link is None:
            return LinkHealth(state="down", hop="", since=self._clock.now(), hours=hours_of(points))
        return LinkHealth(
            state=link.link,
            hop=link.hop,
            since=link.since,
            last_contact_at=link.last_success_at,
            hours=hours_of(points),
        )

    def _readers(self) -> tuple[ReaderHealth, ...]:
        cards = self._topic("cards", CardsTopic)
        return tuple(
            ReaderHealth(
                transport=slot.transport,
                state=slot.state,
                battery_percent=_percent(slot.battery_percent),
                battery_low=slot.battery_low,
            )
            for slot in (cards.readers if cards else ())[:_MOST_READERS]
        )

    def _data(self) -> DataUsed | None:
        used = self._data_used()
        if used is None:
            return None
        return DataUsed(month=used.month, received_bytes=used.received_bytes, sent_bytes=used.sent_bytes)

    def _topic(self, name: str, kind: type[T]) -> T | None:
        value = self._board.snapshot().get(name)
        return value if isinstance(value, kind) else None


def hours_of(points: Sequence[LinkSample]) -> tuple[LinkHour, ...]:
    """Five-minute steps by the hour, of which the newest count; an hour that the box slept through is left out.

    A clock that was set back leaves more than a day of them behind.
    """
    hours: dict[dt.datetime, list[str]] = {}
    for point in points:
        hours.setdefault(point.at.replace(minute=0, second=0, microsecond=0), []).append(point.link)
    return tuple(
        LinkHour(
            at=at,
            good_min=links.count("good") * _STEP_MIN,
            unstable_min=links.count("unstable") * _STEP_MIN,
            down_min=links.count("down") * _STEP_MIN,
        )
        for at, links in sorted(hours.items())[-_MOST_HOURS:]
    )


def _percent(told: int | None) -> int | None:
    """Readers make their own figures; the institution refuses a report with one that is none."""
    return told if told is not None and 0 <= told <= 100 else None


class Listener(Protocol):
    """The part of the data centre that hears how boxes are."""

    async def report_health(self, health: BoxHealth) -> None: ...


class HealthReports:
    """Service: tells the institution every quarter of an hour, while it can be reached and nothing else is being sent.

    A report that fails is not kept: the next one says how the box is then. ``draw``: a random number from 0 up to 1.
    """

    name = "health-reports"
    critical = False

    def __init__(
        self,
        desk: HealthDesk,
        listener: Listener,
        clock: Clock,
        *,
        wait_link: Callable[[], Awaitable[None]],
        is_idle: Callable[[], bool],
        draw: Callable[[], float],
    ) -> None:
        self._desk = desk
        self._listener = listener
        self._clock = clock
        self._wait_link = wait_link
        self._is_idle = is_idle
        self._draw = draw

    async def run(self, ready: Callable[[], None]) -> None:
        ready()
        await self._wait_link()
        await self._pause(FIRST_WITHIN_S * self._draw())
        while True:
            await self._wait_link()
            while not self._is_idle():
                await self._pause(_QUIET_EVERY_S)
            about = EVERY_S if await self._tell() else AGAIN_S
            await self._pause(about * (1 - SPREAD + 2 * SPREAD * self._draw()))

    async def _tell(self) -> bool:
        try:
            await self._listener.report_health(await self._desk.look())
        except (LinkError, DataCentreError, StoreError) as error:
            log.info("health not reported: %s", error.code)
            return False
        return True

    async def _pause(self, seconds: float) -> None:
        await self._clock.wait_until(self._clock.monotonic() + seconds)
