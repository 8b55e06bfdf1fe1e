"""The machine's clock, and how far its wall time can be trusted (architecture.md "Time", Y10)."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from pathlib import Path

from visitbridge.ports.clock import TimeTrust

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TRUST_ORDER = list(TimeTrust)


class SystemClock:
    """Implements ``ports.clock.Clock``.

    ``floor`` is a moment that cannot be in the future of a working clock (the build date): before it, wall
    time is untrusted whatever anybody said. ``correct`` takes a trusted moment and keeps the offset, so the
    machine's own clock need not be set.
    """

    def __init__(self, *, floor: dt.datetime, trust: TimeTrust = TimeTrust.UNTRUSTED) -> None:
        self._floor = floor
        self._trust = trust
        self._offset = dt.timedelta()
        self._boot_id = _BOOT_ID.read_text().strip()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self._offset

    def monotonic(self) -> float:
        return time.monotonic()

    @property
    def trust(self) -> TimeTrust:
        return TimeTrust.UNTRUSTED if self.now() < self._floor else self._trust

    @property
    def boot_id(self) -> str:
        return self._boot_id

    def correct(self, moment: dt.datetime, source: TimeTrust) -> None:
        """Take ``moment`` as now. A weaker source does not override a stronger one."""
        if _TRUST_ORDER.index(source) < _TRUST_ORDER.index(self._trust):
            return
        self._offset = moment - dt.datetime.now(dt.UTC)
        self._trust = source

    def correct_at(self, moment: dt.datetime, monotonic_s: float, source: TimeTrust) -> None:
        """:meth:`correct` with a moment that was true when :meth:`monotonic` showed ``monotonic_s``."""
        self.correct(moment + dt.timedelta(seconds=self.monotonic() - monotonic_s), source)

    async def wait_until(self, monotonic_s: float) -> None:
        await asyncio.sleep(max(0.0, monotonic_s - time.monotonic()))
