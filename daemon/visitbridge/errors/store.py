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


class BoxLocked(StoreError):
    """The box waits for a person to open it after its start; nothing of the store can be read until then."""

    code = "GW-STO-06"
    default_retry = Retry.NEVER


class UnlockRefused(StoreError):
    """The pass-phrase or the card does not open the box."""

    code = "GW-STO-07"
    default_retry = Retry.NEVER


class BoxErased(StoreError):
    """The keys of this box were destroyed, by order or by a technician: what it held is gone for good (B11, Y09)."""

    code = "GW-STO-08"
    default_retry = Retry.NEVER


class WorkUnsent(StoreError):
    """A reset would lose work: ``params`` ``items`` (waiting to be written or sent) and ``drafts``."""

    code = "GW-STO-09"
    default_retry = Retry.NEVER


class CardCannotUnlock(StoreError):
    """The card gives another signature each time, or has too few PIN tries left to be asked before a sign-in."""

    code = "GW-STO-10"
    default_retry = Retry.NEVER
