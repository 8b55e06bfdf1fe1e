"""Is the data centre really there? Probes, hysteresis, and the first broken hop (C04, C05, ux §3.6).

Having a network is not having the VPN: only an answer of the data centre counts.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

import msgspec

from visitbridge.errors import (
    DataCentreError,
    DeviceDisabled,
    LinkError,
    NotBound,
    PortalUntrusted,
    VisitBridgeError,
)
from visitbridge.ports.clock import Clock
from visitbridge.protocols.datacentre.device import DeviceStatus
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import LinkTopic

log = logging.getLogger(__name__)

LinkState = Literal["good", "unstable", "down"]


class StatusSource(Protocol):
    """The part of the data centre that a probe asks."""

    async def device_status(self) -> DeviceStatus: ...


class LinkPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When 正常, 不穩 and 中斷 are shown, and how often to ask.

    good: ``good_successes`` in a row over at least ``good_after_s``, and no failure within
    ``unstable_window_s``. down: ``down_failures`` in a row, or never an answer. Everything else is unstable;
    work is sent while good or unstable.
    """

    good_successes: int = 3
    good_after_s: float = 10.0
    unstable_window_s: float = 120.0
    down_failures: int = 3
    probe_good_s: float = 30.0
    probe_unstable_s: float = 4.0
    probe_down_first_s: float = 1.0
    probe_down_longest_s: float = 2.0


class LinkWatch:
    """Service: asks the data centre for the device's status, adaptively often."""

    name = "link"
    critical = False

    def __init__(
        self, data_centre: StatusSource, board: LiveBoard, clock: Clock, *, policy: LinkPolicy
    ) -> None:
        self._data_centre = data_centre
        self._board = board
        self._clock = clock
        self._policy = policy
        self._state: LinkState = "down"
        self._hop = "not_bound"
        self._since = clock.now()
        self._last_success_at: dt.datetime | None = None
        self._successes_in_row = 0
        self._streak_began_s = 0.0
        self._failures_in_row = 0
        self._last_failure_s: float | None = None
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
            await self._wait(self._interval_s())

    async def _probe(self) -> None:
        try:
            status = await self._data_centre.device_status()
            self._succeeded()
            for listener in self._on_status:
                await listener(status)
        except DeviceDisabled:
            self._failed("device_disabled")
            for report in self._on_disabled:
                await report()
        except (LinkError, DataCentreError) as exc:
            self._failed(_hop_of(exc))

    def _succeeded(self) -> None:
        now_s = self._clock.monotonic()
        if self._successes_in_row == 0:
            self._streak_began_s = now_s
        self._failures_in_row = 0
        self._successes_in_row += 1
        self._last_success_at = self._clock.now()
        steady = (
            self._successes_in_row >= self._policy.good_successes
            and now_s - self._streak_began_s >= self._policy.good_after_s
        )
        recent_failure = (
            self._last_failure_s is not None and now_s - self._last_failure_s < self._policy.unstable_window_s
        )
        self._enter("good" if steady and not recent_failure else "unstable", "")

    def _failed(self, hop: str) -> None:
        self._successes_in_row = 0
        self._failures_in_row += 1
        self._last_failure_s = None if hop == "not_bound" else self._clock.monotonic()
        certain = hop in {"not_bound", "device_disabled"}
        down = self._state == "down" or certain or self._failures_in_row >= self._policy.down_failures
        self._enter("down" if down else "unstable", hop)

    def _enter(self, state: LinkState, hop: str) -> None:
        changed = (state, hop) != (self._state, self._hop)
        if state != self._state:
            self._since = self._clock.now()
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

    def _interval_s(self) -> float:
        if self._state == "good":
            return self._policy.probe_good_s
        if self._state == "unstable":
            return (
                self._policy.probe_unstable_s
                if self._failures_in_row == 0
                else self._policy.probe_down_first_s
            )
        over = self._failures_in_row - self._policy.down_failures
        return min(self._policy.probe_down_first_s * 2.0 ** max(0, over), self._policy.probe_down_longest_s)

    async def _wait(self, seconds: float) -> None:
        waits = {
            asyncio.ensure_future(self._asked.wait()),
            asyncio.ensure_future(self._clock.wait_until(self._clock.monotonic() + seconds)),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _publish(self) -> None:
        self._board.put(
            "link",
            LinkTopic(
                link=self._state, hop=self._hop, since=self._since, last_success_at=self._last_success_at
            ),
        )


def _hop_of(error: VisitBridgeError) -> str:
    if isinstance(error, NotBound):
        return "not_bound"
    if isinstance(error, PortalUntrusted):
        return "tls"
    if isinstance(error, DataCentreError):
        return "data_centre"
    return "network"
