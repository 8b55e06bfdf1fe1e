"""How far a paired phone may go at this moment."""

from __future__ import annotations

import enum


class PhoneState(enum.StrEnum):
    """OPEN: a person is at it. LOCKED: nobody touched it for 15 minutes, or it was locked by hand. OVER: its 12 hours
    have run, so that only a card, another phone or the box itself opens it again.
    """

    OPEN = "open"
    LOCKED = "locked"
    OVER = "over"
