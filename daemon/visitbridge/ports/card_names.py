"""Names that people confirmed for cards which cannot hold them (G07)."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

import msgspec


class CardName(msgspec.Struct, frozen=True, kw_only=True):
    """``name_big5``: the card's own bytes at that time (hex); a card with others is asked about anew."""

    card_no: str
    name_big5: str
    name: str
    confirmed_at: dt.datetime


class CardNames(Protocol):
    def get(self, card_no: str) -> CardName | None: ...

    def put(self, name: CardName) -> None:
        """Add, or replace the card's former one."""
        ...

    def clear(self, before: dt.datetime) -> int:
        """Forget those confirmed earlier whose cards have no visit here any more. Returns how many there were."""
        ...
