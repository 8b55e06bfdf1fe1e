"""Looking again until something is so: each look costs the emulated processor time that it could use for getting there."""

from __future__ import annotations

import time
from collections.abc import Iterator

_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _GROWTH = 0.05, 0.5, 1.5


def tries(within_s: float) -> Iterator[None]:
    """One turn at least, and one after the other until the time is over; the pauses between them grow."""
    limit_s = time.monotonic() + within_s
    pause_s = _FIRST_PAUSE_S
    yield
    while time.monotonic() < limit_s:
        time.sleep(pause_s)
        pause_s = min(_LONGEST_PAUSE_S, pause_s * _GROWTH)
        yield
