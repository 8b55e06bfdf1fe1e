"""Chance for pauses, so that what failed together is not tried again together."""

from __future__ import annotations

import random

_SYSTEM = random.SystemRandom()


def draw() -> float:
    """A number from 0 up to 1, from the system's generator: unlike :mod:`random`'s own it has no state that others share."""
    return _SYSTEM.random()
