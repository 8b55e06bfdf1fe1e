"""Rate limit per origin, on the monotonic clock."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

from visitbridge.protocols.datacentre.common import ProblemCode
from vpnportal.problems import refuse


class RateLimit:
    """At most ``calls`` in any ``window_s`` per origin, counted in this process."""

    def __init__(self, calls: int, window_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._calls = calls
        self._window_s = window_s
        self._monotonic = monotonic
        self._spent: dict[str, deque[float]] = {}

    def spend(self, origin: str) -> None:
        """Count one call. Raises Refusal rate_limited with the seconds to wait when there are too many."""
        now = self._monotonic()
        self._forget_before(now - self._window_s)
        spent = self._spent.setdefault(origin, deque())
        if len(spent) >= self._calls:
            raise refuse(
                429,
                ProblemCode.RATE_LIMITED,
                retry="later",
                title="too many tries",
                words="嘗試次數過多，請稍後再試。",
                retry_after_s=max(1, math.ceil(spent[0] + self._window_s - now)),
            )
        spent.append(now)

    def _forget_before(self, limit: float) -> None:
        for origin, spent in list(self._spent.items()):
            while spent and spent[0] <= limit:
                spent.popleft()
            if not spent:
                del self._spent[origin]
