"""The machine's clock, and how far its wall time can be trusted (architecture.md "Time", Y10)."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import time
from pathlib import Path

from visitbridge.ports.clock import TimeTrust

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_BOOT_ID_GIVEN = "VISITBRIDGE_BOOT_ID"
"""Set by visitbridge.service, whose sandbox hides everything of ``/proc`` that is not a process."""
_TRUST_ORDER = list(TimeTrust)


class SystemClock:
    """Implements ``ports.clock.Clock``.

    ``floor`` is a moment that cannot be in the future of a working clock (the build date): before it, wall
    time is untrusted whatever anybody said. ``correct`` takes a trusted moment; from then on wall time runs with
    the boot's own clock, so neither has the machine's clock to be set, nor does it matter who else sets it.
    """

    def __init__(self, *, floor: dt.datetime, trust: TimeTrust = TimeTrust.UNTRUSTED) -> None:
        self._floor = floor
        self._trust = trust
        self._anchor: tuple[dt.datetime, float] | None = None
        # The kernel writes it with hyphens, systemd without.
        self._boot_id = (os.environ.get(_BOOT_ID_GIVEN) or _BOOT_ID.read_text().strip()).replace("-", "")

    def now(self) -> dt.datetime:
        if self._anchor is None:
            return dt.datetime.now(dt.UTC)
        moment, boot_s = self._anchor
        return moment + dt.timedelta(seconds=_since_boot_s() - boot_s)

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
        self._stand_at(moment)
        self._trust = source

    def correct_at(self, moment: dt.datetime, monotonic_s: float, source: TimeTrust) -> None:
        """:meth:`correct` with a moment that was true when :meth:`monotonic` showed ``monotonic_s``."""
        self.correct(moment + dt.timedelta(seconds=self.monotonic() - monotonic_s), source)

    def go_on_from(self, moment: dt.datetime) -> None:
        """Stand at ``moment`` if the machine's clock stands before it; that earns no trust.

        For the last moment that was trusted, on a box whose clock does not run while it is off.
        """
        if self.now() < moment:
            self._stand_at(moment)

    async def wait_until(self, monotonic_s: float) -> None:
        await asyncio.sleep(max(0.0, monotonic_s - time.monotonic()))

    def _stand_at(self, moment: dt.datetime) -> None:
        self._anchor = (moment, _since_boot_s())


def _since_boot_s() -> float:
    """Seconds since boot, those asleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
