"""Setting the machine's own clock: by the system call where that is allowed, else by asking a unit that may."""

from __future__ import annotations

import datetime as dt
import logging
import time
from pathlib import Path
from typing import Final

from visitbridge.adapters.private_files import write_private

log = logging.getLogger(__name__)

CLOCK_REQUEST: Final = "clock"
"""Name, in the runtime folder, of the file that ``visitbridge-clock.path`` watches."""

_TOLERANCE_S = 2.0


class SettableMachineClock:
    """Implements ``services.timekeeping.MachineClock``.

    ``request_file`` gets one line: the Unix time, in seconds, at which the machine's uptime was zero.
    """

    def __init__(self, request_file: Path) -> None:
        self._request_file = request_file
        self._may_set = True

    def set(self, moment: dt.datetime) -> None:
        """Step the machine's clock unless it is right already."""
        if abs(moment.timestamp() - time.time()) < _TOLERANCE_S:
            return
        if self._may_set:
            try:
                time.clock_settime(time.CLOCK_REALTIME, moment.timestamp())
            except OSError:
                self._may_set = False
                log.info("the machine's clock is set through visitbridge-clock.path")
            else:
                return
        booted_at = moment.timestamp() - time.clock_gettime(time.CLOCK_BOOTTIME)
        try:
            write_private(self._request_file, f"{booted_at:.3f}\n".encode())
        except OSError as exc:
            log.warning("the machine's clock cannot be set: %s", exc.strerror)
