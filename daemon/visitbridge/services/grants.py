"""What of a staff session outlives it: the rights that reduced mode goes by (F05)."""

from __future__ import annotations

import msgspec

from visitbridge.domain.people import Right


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """Rights by phone, of whoever signed in there last."""

    phones: dict[str, tuple[Right, ...]] = {}

    def rights(self, phone_id: str) -> frozenset[Right] | None:
        if phone_id in self.phones:
            return frozenset(self.phones[phone_id])
        return frozenset().union(*self.phones.values()) if self.phones else None
