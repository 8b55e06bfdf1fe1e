"""What the box shows the data centre, and by whom it knows it: its certificate and the roots it trusts (Y11)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from visitbridge.ports.records import AuditEntry
from visitbridge.protocols.datacentre.device import DeviceStatus
from visitbridge.protocols.datacentre.roots import RootsAnnouncement

RootSource = Literal["binding", "announced", "technician"]


class PortalRoot(msgspec.Struct, frozen=True, kw_only=True):
    """``pem``: one certificate. ``source``: who brought it."""

    pem: str
    source: RootSource
    added_at: dt.datetime


class TrustedRoots(msgspec.Struct, frozen=True, kw_only=True):
    """``digest`` and ``issued_at``: of the last announcement that was taken; empty and None before the first."""

    roots: tuple[PortalRoot, ...] = ()
    digest: str = ""
    issued_at: dt.datetime | None = None


class CertificateLife(msgspec.Struct, frozen=True, kw_only=True):
    begins_at: dt.datetime
    ends_at: dt.datetime


class PortalKeys(Protocol):
    """All calls raise NotBound on a box that is not bound."""

    @property
    def is_bound(self) -> bool: ...

    @property
    def trusted(self) -> TrustedRoots: ...

    @property
    def certificate_life(self) -> CertificateLife: ...

    async def change_roots(self, change: Callable[[TrustedRoots], TrustedRoots], entry: AuditEntry) -> None:
        """Keep what ``change`` makes of the roots as they are when its turn comes: two changes undo nothing of each other.

        Durable with its audit entry when this returns, and used by every connection opened from then on. What ``change``
        raises is raised, and nothing is kept.
        """
        ...

    async def fetch_roots(self) -> RootsAnnouncement:
        """What the data centre announces. Raises DataCentreGarbled for one that it did not sign."""
        ...

    async def try_roots(self, roots: Sequence[PortalRoot]) -> DeviceStatus:
        """Ask over a connection that trusts only ``roots``; raises as any call does."""
        ...

    async def renew_certificate(self, entry: AuditEntry) -> None:
        """Have a new key certified and prove that it works; only then it replaces the present one, durably.

        Raises as any call does, DataCentreGarbled for a certificate that is not the new key's or is refused, and
        DataCentreBusy when the box was bound anew meanwhile, which brought a certificate of its own.
        """
        ...
