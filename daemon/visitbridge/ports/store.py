"""The store: transactions that are on disk when they return.

``Store.write`` runs a plain function inside a transaction in the store's own thread; several writers share
one fsync (group commit), and nobody is answered before it. ``Store.read`` sees the last committed state.
The functions must not block on anything but the transaction and must not keep it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from visitbridge.ports.bluetooth import RememberedReaders
from visitbridge.ports.card_names import CardNames
from visitbridge.ports.consents import Consents, Plans, RecordCopies
from visitbridge.ports.drafts import Editors, Prints, Signatures
from visitbridge.ports.registers import (
    DataSets,
    LinkHistory,
    Phones,
    PhoneSessions,
    Settings,
    StaffSessions,
)
from visitbridge.ports.repositories import Audit, Jobs, Receipts, Visits

T = TypeVar("T")


class Transaction(Protocol):
    @property
    def visits(self) -> Visits: ...
    @property
    def editors(self) -> Editors: ...
    @property
    def signatures(self) -> Signatures: ...
    @property
    def prints(self) -> Prints: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def receipts(self) -> Receipts: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def phones(self) -> Phones: ...
    @property
    def phone_sessions(self) -> PhoneSessions: ...
    @property
    def staff_sessions(self) -> StaffSessions: ...
    @property
    def datasets(self) -> DataSets: ...
    @property
    def link_history(self) -> LinkHistory: ...
    @property
    def consents(self) -> Consents: ...
    @property
    def record_copies(self) -> RecordCopies: ...
    @property
    def plans(self) -> Plans: ...
    @property
    def bluetooth_readers(self) -> RememberedReaders: ...
    @property
    def card_names(self) -> CardNames: ...


class Store(Protocol):
    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` and return its result after the commit is on disk.

        An exception of ``work`` undoes its own changes only. Raises StoreFull, StoreReadOnly, StoreDamaged.
        """
        ...

    async def read(self, work: Callable[[Transaction], T]) -> T: ...
