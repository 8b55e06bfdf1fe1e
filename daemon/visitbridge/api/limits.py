"""Rate limits per client address, for what can be tried without a session.

Paired phones never pass here, so a stranger can lock out nobody but the own address.
"""

from __future__ import annotations

import math
from collections import OrderedDict

from visitbridge.errors import TooManyTries
from visitbridge.ports.clock import Clock


class TryLimit:
    """A token bucket per address: ``burst`` tries at once, then one every ``refill_s``.

    At most ``addresses`` are remembered; the one seen least recently is forgotten first.
    """

    def __init__(
        self, clock: Clock, *, burst: int = 10, refill_s: float = 30.0, addresses: int = 1024
    ) -> None:
        self._clock = clock
        self._burst = burst
        self._refill_s = refill_s
        self._addresses = addresses
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> None:
        """Spend one try. Raises TooManyTries with ``wait_s``."""
        now_s = self._clock.monotonic()
        left, at_s = self._left.pop(address, (float(self._burst), now_s))
        left = min(float(self._burst), left + (now_s - at_s) / self._refill_s)
        allowed = left >= 1
        self._left[address] = (left - 1 if allowed else left, now_s)
        while len(self._left) > self._addresses:
            self._left.popitem(last=False)
        if not allowed:
            wait_s = math.ceil((1 - left) * self._refill_s)
            raise TooManyTries("rate limit", params={"wait_s": max(1, wait_s)})
