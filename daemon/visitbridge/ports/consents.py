"""Repositories of a transaction around other people's records: plans, consents, and the copies that they allow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import msgspec

from visitbridge.domain.consents import ConsentEntry
from visitbridge.domain.plans import PlannedVisit
from visitbridge.domain.records import RecordKind
from visitbridge.protocols.datacentre.records import CloudRecord


class ConsentRow(msgspec.Struct, frozen=True, kw_only=True):
    """``chain``: as an audit row's, over the ledger's own rows."""

    number: int
    entry: ConsentEntry
    chain: str


class KeptRecords(msgspec.Struct, frozen=True, kw_only=True):
    """What was fetched under a consent: all there was in the tables ``kinds``.

    ``as_of``: the data centre's time. ``purge_at``: gone from then on.
    """

    consent_id: str
    id_no: str
    kinds: tuple[RecordKind, ...]
    fetched_at: dt.datetime
    as_of: dt.datetime
    purge_at: dt.datetime
    records: tuple[CloudRecord, ...]


class Consents(Protocol):
    """The ledger. Rows are only ever added."""

    def append(self, entry: ConsentEntry) -> ConsentRow: ...
    def rows(self, *, after: int = 0, limit: int = 500) -> Sequence[ConsentRow]: ...
    def head(self) -> tuple[int, str]:
        """Number and chain value of the last row."""
        ...

    def of(self, consent_id: str) -> ConsentEntry | None:
        """The latest line of one consent."""
        ...

    def open(self) -> Sequence[ConsentEntry]:
        """The latest line of every consent that was neither revoked nor noted as expired, oldest first."""
        ...

    def of_person(self, id_no: str) -> Sequence[ConsentEntry]:
        """The latest line of each of a person's consents, oldest first."""
        ...


class RecordCopies(Protocol):
    """At most one copy for each consent."""

    def put(self, kept: KeptRecords) -> None: ...
    def get(self, consent_id: str) -> KeptRecords | None: ...
    def of_person(self, id_no: str) -> Sequence[KeptRecords]: ...
    def fetched_at(self, consent_id: str) -> dt.datetime | None: ...

    def purge(self, consent_id: str) -> bool:
        """Delete a copy; says whether there was one."""
        ...

    def due(self, now: dt.datetime) -> Sequence[str]:
        """Consents whose copies have to be gone by ``now``."""
        ...

    def next_purge(self) -> dt.datetime | None: ...


class Plans(Protocol):
    def put(self, plan: PlannedVisit) -> None: ...
    def get(self, plan_id: str) -> PlannedVisit | None: ...
    def remove(self, plan_id: str) -> bool: ...
    def between(self, start: dt.datetime, end: dt.datetime) -> Sequence[PlannedVisit]:
        """From ``start`` up to but not including ``end``, in order of time."""
        ...

    def forget_before(self, moment: dt.datetime) -> None: ...
