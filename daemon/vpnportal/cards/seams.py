"""What card sessions need from the rest of the portal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Protocol

import msgspec

from visitbridge.domain.people import Right, StaffKind
from visitbridge.protocols.datacentre.common import Receipt


class ReceiptIssuer(Protocol):
    def issue(self, key: str, kind: str, digest: str, insurer: Mapping[str, str]) -> Receipt:
        """The receipt of ``key``, durable when this returns; the same one for the same digest.

        Raises Refusal key_conflict for another digest.
        """
        ...

    def find(self, key: str) -> Receipt | None: ...


class Clock(Protocol):
    def now(self) -> dt.datetime:
        """Aware UTC."""
        ...


class StaffView(msgspec.Struct, frozen=True, kw_only=True):
    """The health professional in whose name a card is opened, as this side knows the person."""

    staff_id: str
    hpc_no: str
    name: str
    kind: StaffKind
    rights: tuple[Right, ...]
