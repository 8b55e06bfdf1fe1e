"""Repositories of a transaction that go with a visit: which phone edits it, and the signature under it."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

import msgspec

from visitbridge.domain.signature import Signature


class Editor(msgspec.Struct, frozen=True, kw_only=True):
    """The one phone that may change a draft (Y05)."""

    phone_id: str
    taken_at: dt.datetime


class Editors(Protocol):
    def get(self, visit_id: str) -> Editor | None: ...
    def put(self, visit_id: str, editor: Editor) -> None:
        """Replaces the one there was."""
        ...

    def remove(self, visit_id: str) -> None: ...


class Signatures(Protocol):
    def get(self, visit_id: str) -> Signature | None: ...
    def put(self, visit_id: str, signature: Signature) -> None:
        """Replaces the one there was."""
        ...

    def remove(self, visit_id: str) -> None: ...


class Prints(Protocol):
    """How often a visit's prescription was printed (O05)."""

    def count(self, visit_id: str) -> int:
        """One more copy; returns its number, from 1."""
        ...

    def copies(self, visit_id: str) -> int: ...
