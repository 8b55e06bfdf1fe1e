"""What must not be disturbed: open card sessions and uploads under way.

Whoever wants to take the link down for a while (recovery, an update, a reboot) asks here first.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator


class Activity:
    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextlib.contextmanager
    def hold(self, what: str) -> Iterator[None]:
        """Keep the link undisturbed for the length of the block; ``what`` is for the log."""
        self._open[what] += 1
        try:
            yield
        finally:
            self._open[what] -= 1

    @property
    def is_idle(self) -> bool:
        return not +self._open

    def open(self) -> tuple[str, ...]:
        return tuple(sorted(+self._open))
