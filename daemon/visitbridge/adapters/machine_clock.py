"""Setting the machine's own clock, where the unit grants CAP_SYS_TIME."""

from __future__ import annotations

import datetime as dt
import logging
import time

log = logging.getLogger(__name__)

_TOLERANCE_S = 2.0


class SettableMachineClock:
    """Implements ``services.timekeeping.MachineClock``."""

    def __init__(self) -> None:
        self._refused = False

    def set(self, moment: dt.datetime) -> None:
        """Step the machine's clock unless it is right already. Without the right to do so: said once."""
        if self._refused or abs(moment.timestamp() - time.time()) < _TOLERANCE_S:
            return
        try:
            time.clock_settime(time.CLOCK_REALTIME, moment.timestamp())
        except OSError as exc:
            self._refused = True
            log.warning("the machine's clock cannot be set: %s", exc.strerror)
