"""Supply voltage and battery on every phone's screen and in 環境檢測 (A13); a battery that runs out is told of in time."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec

from visitbridge.ports.clock import Clock
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import PowerTopic

log = logging.getLogger(__name__)

EVERY_S: Final = 15.0
_LOOKS: Final = 2


class PowerFound(msgspec.Struct, frozen=True, kw_only=True):
    """None: this box cannot tell. ``discharging``: the battery is all there is, by its gauge's own word.
    ``battery_silent``: there should be a battery, and its gauge does not tell.
    """

    under_voltage: bool | None
    battery_percent: int | None
    discharging: bool | None = None
    battery_silent: bool = False


class PowerProbe(Protocol):
    async def read(self) -> PowerFound:
        """Return soon, whatever the gauge does, and raise nothing: what cannot be told is None."""
        ...

    def close(self) -> None:
        """Let go of the gauge; the next ``read`` takes it up again."""
        ...


class PowerWatch:
    """Service. The first look is taken before it is ready. ``off_below_percent``: see :meth:`when_low`; 0: never."""

    name = "power"
    critical = False

    def __init__(
        self,
        probe: PowerProbe,
        board: LiveBoard,
        clock: Clock,
        *,
        off_below_percent: int,
    ) -> None:
        self._probe = probe
        self._board = board
        self._clock = clock
        self._off_below_percent = off_below_percent
        self._on_low: list[Callable[[int], Awaitable[None]]] = []
        self._found = PowerFound(under_voltage=None, battery_percent=None)
        self._under_voltage = False
        self._low_looks = 0
        self._going = False

    def when_low(self, listener: Callable[[int], Awaitable[None]]) -> None:
        """``listener`` is told the charge once it was found too low twice in a row while discharging, and again only
        after the battery was better: a gauge that says nonsense once switches nothing off.
        """
        self._on_low.append(listener)

    def going(self) -> None:
        """The machine goes off: every phone is told, with what was found last."""
        self._going = True
        self._publish()

    async def run(self, ready: Callable[[], None]) -> None:
        try:
            await self._look()
            ready()
            while True:
                await self._clock.wait_until(self._clock.monotonic() + EVERY_S)
                await self._look()
        finally:
            self._probe.close()

    async def _look(self) -> None:
        found = self._found = await self._probe.read()
        if found.under_voltage and not self._under_voltage:
            log.warning("under-voltage: the supply does not hold")
        self._under_voltage = bool(found.under_voltage)
        self._publish()
        percent = found.battery_percent
        low = percent is not None and percent <= self._off_below_percent and found.discharging is True
        self._low_looks = self._low_looks + 1 if low and self._off_below_percent else 0
        if percent is not None and self._low_looks == _LOOKS:
            for listener in self._on_low:
                await listener(percent)

    def _publish(self) -> None:
        found = self._found
        self._board.put(
            "power",
            PowerTopic(
                battery_percent=found.battery_percent,
                under_voltage=found.under_voltage,
                battery_silent=found.battery_silent,
                switching_off=self._going,
            ),
        )
