"""Is the data centre really there? Probes, hysteresis, and the first broken hop (C04, C05, ux §3.6).

Having a network is not having the VPN: only an answer of the data centre counts.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from visitbridge.errors import (
    DataCentreError,
    DeviceDisabled,
    LinkError,
    NotBound,
    Retry,
    StoreError,
    VisitBridgeError,
)
from visitbridge.ports.clock import Clock
from visitbridge.protocols.datacentre.device import DeviceStatus
from visitbridge.runtime.waiting import wait_at_most
from visitbridge.services.link.hops import CERTAIN, NEAR_HOPS, UNBOUND, heard_something, hop_of
from visitbridge.services.link.policy import Hysteresis, LinkPolicy, LinkState
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import LinkTopic

log = logging.getLogger(__name__)


class StatusSource(Protocol):
    """The part of the data centre that a probe asks."""

    async def device_status(self) -> DeviceStatus: ...


class Uplink(Protocol):
    """The way out of the box: modem, Ethernet, a phone's hotspot."""

    def broken_hop(self) -> str:
        """What is wrong before any network is reached; empty when nothing is known to be."""
        ...

    def answered(self) -> None: ...

    def failed(self) -> None:
        """A probe did not reach the data centre; another uplink may be tried."""
        ...


class LinkWatch:
    """Service: asks the data centre for the device's status, adaptively often."""

    name = "link"
    critical = False

    def __init__(
        self,
        data_centre: StatusSource,
        board: LiveBoard,
        clock: Clock,
        *,
        policy: LinkPolicy,
        uplink: Uplink | None = None,
    ) -> None:
        self._data_centre = data_centre
        self._board = board
        self._clock = clock
        self._uplink = uplink
        self._health = Hysteresis(policy)
        self._state: LinkState = "down"
        self._hop = "starting"
        self._since = clock.now()
        self._last_success_at: dt.datetime | None = None
        self._heard = True
        self._asked = asyncio.Event()
        self._up = asyncio.Event()
        self._on_change: list[Callable[[], None]] = []
        self._on_status: list[Callable[[DeviceStatus], Awaitable[None]]] = []
        self._on_disabled: list[Callable[[], Awaitable[None]]] = []
        self._publish()

    def when_changed(self, listener: Callable[[], None]) -> None:
        self._on_change.append(listener)

    def when_answered(self, listener: Callable[[DeviceStatus], Awaitable[None]]) -> None:
        """``listener`` runs after every answered probe; its link errors count as failed probes."""
        self._on_status.append(listener)

    def when_disabled(self, listener: Callable[[], Awaitable[None]]) -> None:
        self._on_disabled.append(listener)

    @property
    def state(self) -> LinkState:
        return self._state

    @property
    def hop(self) -> str:
        """The first broken hop, empty while all answer (:mod:`visitbridge.services.link.hops`), ``starting`` before the
        first probe has ended.
        """
        return self._hop

    def silent_beyond_modem(self) -> bool:
        """Down, and nothing at all came back: the line is dead although the uplink says that it is up."""
        return self._state == "down" and not self._heard

    def is_up(self) -> bool:
        return self._up.is_set()

    async def wait_up(self) -> None:
        await self._up.wait()

    def probe_now(self) -> None:
        """Ask at once: something failed, or somebody wants to know."""
        self._asked.set()

    async def run(self, ready: Callable[[], None]) -> None:
        ready()
        while True:
            self._asked.clear()
            await self._probe()
            uplink_is_up = self._hop not in NEAR_HOPS
            await wait_at_most(
                self._clock, self._asked.wait(), self._health.interval_s(uplink_is_up=uplink_is_up)
            )

    async def _probe(self) -> None:
        try:
            status = await self._data_centre.device_status()
            self._succeeded()
            for listener in self._on_status:
                await self._tell(listener(status))
        except DeviceDisabled as exc:
            self._failed(exc)
            for report in self._on_disabled:
                await self._tell(report())
        except (LinkError, DataCentreError) as exc:
            self._failed(exc)

    async def _tell(self, listening: Awaitable[None]) -> None:
        """What a full disk does not take is told again with the next answer; a start anew would meet the same disk."""
        try:
            await listening
        except StoreError as exc:
            if exc.retry is Retry.NEVER:
                raise
            log.warning("what the data centre said could not be kept: %s", exc.code)

    def _succeeded(self) -> None:
        self._last_success_at = self._clock.now()
        self._heard = True
        if self._uplink is not None:
            self._uplink.answered()
        self._enter(self._health.succeeded(self._clock.monotonic()), "")

    def _failed(self, error: VisitBridgeError) -> None:
        self._heard = heard_something(error) or isinstance(error, NotBound)
        hop = hop_of(error)
        # Nobody can bind a box that has no way out; one that is disabled was told so by the far end.
        near = self._uplink.broken_hop() if self._uplink is not None and hop != "device_disabled" else ""
        # A name that is unknown there, a stranger's certificate: that is the internet and not the VPN.
        if self._uplink is not None and isinstance(error, LinkError):
            self._uplink.failed()
        self._enter(
            self._health.failed(
                self._clock.monotonic(), certain=bool(near) or hop in CERTAIN, counts=hop not in UNBOUND
            ),
            near or hop,
        )

    def _enter(self, state: LinkState, hop: str) -> None:
        changed = (state, hop) != (self._state, self._hop)
        if state != self._state:
            self._since = self._clock.now()
        if changed:
            log.info("link %s (%s)", state, hop or "all hops answer")
        self._state, self._hop = state, hop
        if state == "down":
            self._up.clear()
        else:
            self._up.set()
        self._publish()
        if changed:
            for listener in self._on_change:
                listener()

    def _publish(self) -> None:
        self._board.put(
            "link",
            LinkTopic(
                link=self._state, hop=self._hop, since=self._since, last_success_at=self._last_success_at
            ),
        )
