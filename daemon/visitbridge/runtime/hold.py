"""One thing used by one owner at a time, for a limited time (rows A02, D04)."""

from __future__ import annotations

import math
from typing import Protocol

from visitbridge.errors import ReaderBusy


class MonotonicClock(Protocol):
    """The part of the clock that a hold needs."""

    def monotonic(self) -> float: ...


class Lease:
    """The right to use the thing; over when released or when its time is up."""

    def __init__(self, clock: MonotonicClock, owner: str, duration_s: float) -> None:
        self.owner = owner
        self._clock = clock
        self._until_s = clock.monotonic() + duration_s
        self._released = False

    @property
    def remaining_s(self) -> float:
        """Seconds left, 0 when the lease is over."""
        return 0.0 if self._released else max(0.0, self._until_s - self._clock.monotonic())

    def release(self) -> None:
        self._released = True


class Hold:
    """Gives out one lease at a time."""

    def __init__(self, clock: MonotonicClock) -> None:
        self._clock = clock
        self._lease: Lease | None = None

    def take(self, owner: str, duration_s: float) -> Lease:
        """A new lease. Raises ReaderBusy, with ``owner`` and ``remaining_s``, while another one lasts."""
        current = self._lease
        if current is not None and current.remaining_s > 0:
            raise ReaderBusy(
                "held by another session",
                params={"owner": current.owner, "remaining_s": math.ceil(current.remaining_s)},
            )
        self._lease = Lease(self._clock, owner, duration_s)
        return self._lease

    def is_with(self, lease: Lease) -> bool:
        """Whether nobody took over since, even when the lease's time is up."""
        return self._lease is lease
