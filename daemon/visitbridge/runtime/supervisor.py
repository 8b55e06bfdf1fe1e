"""The supervisor: services start in order, each behind a ready gate, and stop in reverse.

A critical service that fails ends the process (systemd restarts it). A device service is restarted with
jittered back-off when it fails with a typed device or link error; anything else is a bug and propagates.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from visitbridge.errors import DeviceError, LinkError, VisitBridgeError
from visitbridge.runtime.jitter import draw

log = logging.getLogger(__name__)


class Service(Protocol):
    """``run`` calls ``ready()`` once it serves, and returns only when cancelled."""

    @property
    def name(self) -> str: ...

    @property
    def critical(self) -> bool: ...

    async def run(self, ready: Callable[[], None]) -> None: ...


class Phase(enum.StrEnum):
    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"
    STOPPED = "stopped"


class ServiceState(msgspec.Struct, frozen=True, kw_only=True):
    """``reason`` is an error code while degraded."""

    name: str
    phase: Phase
    reason: str = ""


class Waiter(Protocol):
    """The part of the clock that the supervisor needs."""

    def monotonic(self) -> float: ...

    async def wait_until(self, monotonic_s: float) -> None: ...


class Supervisor:
    """Runs services under one TaskGroup.

    ``jitter`` returns a factor in [0, 1); ``start_budget_s`` is how long a device service may take to get
    ready before the next one starts without it.
    """

    def __init__(
        self,
        services: Sequence[Service],
        clock: Waiter,
        *,
        on_change: Callable[[ServiceState], None] | None = None,
        jitter: Callable[[], float] = draw,
        start_budget_s: float = 5.0,
        first_delay_s: float = 0.5,
        longest_delay_s: float = 30.0,
    ) -> None:
        self._services = tuple(services)
        self._clock = clock
        self._on_change = on_change
        self._jitter = jitter
        self._start_budget_s = start_budget_s
        self._first_delay_s = first_delay_s
        self._longest_delay_s = longest_delay_s
        self._states = {s.name: ServiceState(name=s.name, phase=Phase.STOPPED) for s in self._services}

    def states(self) -> tuple[ServiceState, ...]:
        return tuple(self._states.values())

    async def run(self, ready: Callable[[], None]) -> None:
        """Start all, call ``ready``, stay until cancelled; then stop in reverse order of starting."""
        async with asyncio.TaskGroup() as group:
            tasks: list[asyncio.Task[None]] = []
            try:
                for service in self._services:
                    gate = asyncio.Event()
                    runner = self._run_critical if service.critical else self._run_device
                    task = group.create_task(runner(service, gate), name=f"service-{service.name}")
                    tasks.append(task)
                    await self._wait_gate(service, gate, task)
                ready()
                await asyncio.get_running_loop().create_future()
            finally:
                for task in reversed(tasks):
                    task.cancel()
                    await asyncio.wait({task})

    async def _wait_gate(self, service: Service, gate: asyncio.Event, task: asyncio.Task[None]) -> None:
        opened = asyncio.ensure_future(gate.wait())
        budget = None if service.critical else self._start_budget_s
        try:
            await asyncio.wait({opened, task}, timeout=budget, return_when=asyncio.FIRST_COMPLETED)
        finally:
            opened.cancel()

    async def _run_critical(self, service: Service, gate: asyncio.Event) -> None:
        self._set(service, Phase.STARTING)
        try:
            await service.run(lambda: self._open(service, gate))
        finally:
            self._set(service, Phase.STOPPED)

    async def _run_device(self, service: Service, gate: asyncio.Event) -> None:
        delay_s = self._first_delay_s
        while True:
            self._set(service, Phase.STARTING)
            began = self._clock.monotonic()
            try:
                await service.run(lambda: self._open(service, gate))
            except (DeviceError, LinkError) as exc:
                self._degrade(service, exc)
            else:
                self._set(service, Phase.STOPPED)
                return
            if self._clock.monotonic() - began > self._longest_delay_s:
                delay_s = self._first_delay_s
            await self._clock.wait_until(self._clock.monotonic() + delay_s * (1 + self._jitter()))
            delay_s = min(delay_s * 2, self._longest_delay_s)

    def _open(self, service: Service, gate: asyncio.Event) -> None:
        self._set(service, Phase.READY)
        gate.set()

    def _degrade(self, service: Service, error: VisitBridgeError) -> None:
        if self._states[service.name].reason != error.code:
            log.warning("service %s: %s", service.name, error)
        self._set(service, Phase.DEGRADED, error.code)

    def _set(self, service: Service, phase: Phase, reason: str = "") -> None:
        if phase is Phase.STARTING and self._states[service.name].phase is Phase.DEGRADED:
            return
        state = ServiceState(name=service.name, phase=phase, reason=reason)
        if self._states[service.name] != state:
            self._states[service.name] = state
            if self._on_change is not None:
                self._on_change(state)
