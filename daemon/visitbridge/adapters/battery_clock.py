"""The battery-backed clock of the machine, asked itself: the machine's time may have been set by anybody since."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path

log = logging.getLogger(__name__)

_RTC = Path("/sys/class/rtc/rtc0/since_epoch")


class BatteryClock:
    """Implements ``services.timekeeping.Rtc``. ``file``: seconds since 1970, UTC (Documentation/admin-guide/rtc.rst)."""

    def __init__(self, file: Path = _RTC) -> None:
        self._file = file

    def read(self) -> dt.datetime | None:
        """None when there is no such clock, or when it does not tell a time; both are logged."""
        try:
            return dt.datetime.fromtimestamp(int(self._file.read_text("ascii")), dt.UTC)
        except (OSError, ValueError, OverflowError) as exc:
            log.warning("the battery-backed clock cannot be read: %s", type(exc).__name__)
            return None
