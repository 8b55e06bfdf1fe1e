"""When 正常, 不穩 and 中斷 are shown: hysteresis with every number in the open (C05)."""

from __future__ import annotations

from typing import Literal

import msgspec

LinkState = Literal["good", "unstable", "down"]


class LinkPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When 正常, 不穩 and 中斷 are shown, and how often to ask.

    good: ``good_successes`` in a row over at least ``good_after_s``, and no failure within
    ``unstable_window_s``. down: ``down_failures`` in a row, or never an answer. Everything else is unstable;
    work is sent while good or unstable.

    Asking is rare while all is well, and while the uplink itself is known to be down (battery): the modem or
    the interface that comes back asks at once.
    """

    good_successes: int = 3
    good_after_s: float = 10.0
    unstable_window_s: float = 120.0
    down_failures: int = 3
    probe_good_s: float = 30.0
    probe_unstable_s: float = 4.0
    probe_down_first_s: float = 1.0
    probe_down_longest_s: float = 1.5
    probe_no_uplink_s: float = 15.0


class Hysteresis:
    """Successes and failures in, a state out. ``now_s`` is any monotonic time."""

    def __init__(self, policy: LinkPolicy) -> None:
        self._policy = policy
        self.state: LinkState = "down"
        self._successes = 0
        self._streak_began_s = 0.0
        self._failures = 0
        self._last_failure_s: float | None = None

    def succeeded(self, now_s: float) -> LinkState:
        if self._successes == 0:
            self._streak_began_s = now_s
        self._failures = 0
        self._successes += 1
        steady = (
            self._successes >= self._policy.good_successes
            and now_s - self._streak_began_s >= self._policy.good_after_s
        )
        recent_failure = (
            self._last_failure_s is not None and now_s - self._last_failure_s < self._policy.unstable_window_s
        )
        self.state = "good" if steady and not recent_failure else "unstable"
        return self.state

    def failed(self, now_s: float, *, certain: bool, counts: bool) -> LinkState:
        """``certain``: there is nothing to wait for. ``counts``: a later success is not steady at once."""
        self._successes = 0
        self._failures += 1
        self._last_failure_s = now_s if counts else None
        lost = self.state == "down" or certain or self._failures >= self._policy.down_failures
        self.state = "down" if lost else "unstable"
        return self.state

    def interval_s(self, *, uplink_is_up: bool) -> float:
        """Until the next probe."""
        policy = self._policy
        if self.state == "good":
            return policy.probe_good_s
        if self.state == "unstable":
            return policy.probe_unstable_s if self._failures == 0 else policy.probe_down_first_s
        if not uplink_is_up:
            return policy.probe_no_uplink_s
        over = self._failures - policy.down_failures
        return min(policy.probe_down_first_s * 2.0 ** min(max(0, over), 16), policy.probe_down_longest_s)
