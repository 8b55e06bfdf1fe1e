"""Time, as services see it (architecture.md "Time", rows Y06, Y10)."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Protocol


class TimeTrust(enum.StrEnum):
    """Where wall time comes from; UNTRUSTED shows 時間未校正 and holds number-bound writes."""

    UNTRUSTED = "untrusted"
    RTC = "rtc"
    NETWORK = "network"
    GNSS = "gnss"
    DATA_CENTRE = "data_centre"


class Clock(Protocol):
    """``now`` is aware UTC; ``monotonic`` is seconds that never go back while the box runs."""

    def now(self) -> dt.datetime: ...

    def monotonic(self) -> float: ...

    @property
    def trust(self) -> TimeTrust: ...

    @property
    def boot_id(self) -> str: ...

    async def wait_until(self, monotonic_s: float) -> None:
        """Return when ``monotonic()`` has reached the value."""
        ...
