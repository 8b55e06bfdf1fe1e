"""Supply voltage and battery on every phone's screen and in 環境檢測 (A13)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from visitbridge.ports.clock import Clock
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import PowerTopic

log = logging.getLogger(__name__)

EVERY_S: Final = 15.0


class PowerFound(msgspec.Struct, frozen=True, kw_only=True):
    """None: this box cannot tell."""

    under_voltage: bool | None
    battery_percent: int | None


class PowerProbe(Protocol):
    def read(self) -> PowerFound: ...


class PowerWatch:
    """Service. The first look is taken before it is ready."""

    name = "power"
    critical = False

    def __init__(self, probe: PowerProbe, board: LiveBoard, clock: Clock) -> None:
        self._probe = probe
        self._board = board
        self._clock = clock
        self._under_voltage = False

    async def run(self, ready: Callable[[], None]) -> None:
        self._look()
        ready()
        while True:
            await self._clock.wait_until(self._clock.monotonic() + EVERY_S)
            self._look()

    def _look(self) -> None:
        found = self._probe.read()
        if found.under_voltage and not self._under_voltage:
            log.warning("under-voltage: the supply does not hold")
        self._under_voltage = bool(found.under_voltage)
        self._board.put(
            "power", PowerTopic(battery_percent=found.battery_percent, under_voltage=found.under_voltage)
        )
