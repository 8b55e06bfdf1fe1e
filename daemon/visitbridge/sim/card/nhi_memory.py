"""What a virtual NHI card remembers: one entry per visit key, two rings of records, counters."""

from __future__ import annotations

import msgspec

from visitbridge.protocols.nhi.applet import Stage
from visitbridge.protocols.nhi.records import ORDER_CAPACITY, VISIT_CAPACITY

KEYS_REMEMBERED = 240
"""Keys outlive their records, so that a late repetition is still answered with the number it was given."""


class VisitEntry(msgspec.Struct, kw_only=True):
    """One visit key on the card.

    ``record``, ``diagnoses``, ``orders``: the records as ASCII, empty before they are written and after newer
    visits pushed them out of the ring. ``orders_written`` and ``orders_digest`` (hex) stay. ``mutations``
    counts every command that changed this entry, so that a double write shows.
    """

    key: str
    sequence_no: str
    visit: Stage = "open"
    record: str = ""
    diagnoses: str = ""
    orders_stage: Stage = "absent"
    orders_expected: int = 0
    orders_written: int = 0
    orders_digest: str = ""
    orders: list[str] = []
    mutations: dict[str, int] = {}

    @property
    def visit_time(self) -> str:
        return self.key[:13]

    @property
    def holds_visit_slot(self) -> bool:
        return self.visit == "open" or bool(self.record)

    @property
    def order_slots(self) -> int:
        """Slots of the order ring that are written or promised."""
        return self.orders_expected if self.orders_stage == "open" else len(self.orders)

    def count(self, mutation: str) -> None:
        self.mutations[mutation] = self.mutations.get(mutation, 0) + 1


class NhiMemory(msgspec.Struct, kw_only=True):
    """``last_numbers``: last sequence number by ROC year (3 digits). ``forgotten_until``: visit time of the newest
    key that was dropped; older ones are refused, since their number may be forgotten.
    """

    uses_left: int
    valid_until: str
    channel_counter: int = 0
    last_numbers: dict[str, int] = {}
    entries: list[VisitEntry] = []
    forgotten_until: str = ""
    updates: int = 0

    def entry(self, key: str) -> VisitEntry | None:
        return next((entry for entry in self.entries if entry.key == key), None)

    def closed_visits(self) -> list[str]:
        return [entry.record for entry in self.entries if entry.visit == "closed" and entry.record]

    def closed_orders(self) -> list[str]:
        return [order for entry in self.entries if entry.orders_stage == "closed" for order in entry.orders]

    def free_visit_slot(self) -> bool:
        """Make room for one more visit record by dropping the oldest closed one; False if all are open."""
        held = [entry for entry in self.entries if entry.holds_visit_slot]
        if len(held) < VISIT_CAPACITY:
            return True
        oldest = next((entry for entry in held if entry.visit == "closed"), None)
        if oldest is None:
            return False
        oldest.record = oldest.diagnoses = ""
        return True

    def free_order_slots(self, count: int) -> bool:
        """Make room for ``count`` order records by dropping the oldest closed ones; False if that cannot do."""
        excess = sum(entry.order_slots for entry in self.entries) + count - ORDER_CAPACITY
        for entry in self.entries:
            if excess > 0 and entry.orders_stage == "closed":
                dropped = min(excess, len(entry.orders))
                entry.orders = entry.orders[dropped:]
                excess -= dropped
        return excess <= 0

    def remember(self, entry: VisitEntry) -> None:
        """Add a key, dropping the oldest settled one when there are too many."""
        self.entries.append(entry)
        if len(self.entries) <= KEYS_REMEMBERED:
            return
        for old in self.entries:
            if old.visit == "closed" and old.orders_stage != "open":
                self.forgotten_until = max(self.forgotten_until, old.visit_time)
                self.entries.remove(old)
                return
