"""Feeds systemd's watchdog only while the box is well: no lane past its deadline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from visitbridge.adapters.systemd.notifier import Notifier
from visitbridge.ports.clock import Clock

log = logging.getLogger(__name__)


def watchdog_interval_s(environment: Mapping[str, str], pid: int) -> float | None:
    """Half of what systemd allows between signs of life (sd_watchdog_enabled(3)); None without a watchdog."""
    text = environment.get("WATCHDOG_USEC", "")
    if not text.isdecimal() or int(text) == 0 or environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    return int(text) / 1_000_000 / 2


class Watchdog:
    """Service. ``is_well`` is asked each time; when it says no, systemd is left to restart the process."""

    name = "watchdog"
    critical = True

    def __init__(
        self, notifier: Notifier, clock: Clock, *, interval_s: float, is_well: Callable[[], bool]
    ) -> None:
        self._notifier = notifier
        self._clock = clock
        self._interval_s = interval_s
        self._is_well = is_well

    async def run(self, ready: Callable[[], None]) -> None:
        ready()
        was_well = True
        while True:
            well = self._is_well()
            if well:
                self._notifier.alive()
            if well != was_well:
                log.warning("watchdog %s", "fed again" if well else "not fed: a lane is past its deadline")
                was_well = well
            await self._clock.wait_until(self._clock.monotonic() + self._interval_s)
