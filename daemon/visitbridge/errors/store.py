"""The box's own disk and database (GW-STO)."""

from __future__ import annotations

from visitbridge.errors.base import Retry, VisitBridgeError


class StoreError(VisitBridgeError):
    """The box's own disk and database."""

    code = "GW-STO-00"
    default_retry = Retry.LATER


class StoreFull(StoreError):
    """No space left: nothing was saved."""

    code = "GW-STO-01"


class StoreDamaged(StoreError):
    """The database file fails its integrity check."""

    code = "GW-STO-02"
    default_retry = Retry.NEVER


class SchemaNewer(StoreError):
    """The database was written by a newer version of this program."""

    code = "GW-STO-03"
    default_retry = Retry.NEVER


class StoreKeyWrong(StoreError):
    """The key does not open the database."""

    code = "GW-STO-04"
    default_retry = Retry.NEVER


class StoreReadOnly(StoreError):
    """The file system does not take writes: nothing was saved."""

    code = "GW-STO-05"
