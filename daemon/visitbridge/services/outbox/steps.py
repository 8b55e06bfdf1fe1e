"""Named steps: the points at which an attempt can be cut off, so that a test can cut it off at each of them."""

from __future__ import annotations

import enum
from typing import Final, Protocol

import msgspec

LEASE: Final = "lease"
ASK_FORMER: Final = "ask_former"
PREPARE: Final = "prepare"
EXECUTE: Final = "execute"
SEND: Final = "send"
RELAY: Final = "relay"
WRITE: Final = "write"
CONFIRM: Final = "confirm"
ASK: Final = "ask"
AWAIT: Final = "await"
READ_BACK: Final = "read_back"
REPAIR: Final = "repair"
PUT_BACK: Final = "put_back"
DOUBT: Final = "doubt"
DEFER: Final = "defer"
REJECT: Final = "reject"

ENDINGS: Final = (PUT_BACK, DOUBT, DEFER, REJECT)
"""Commits that record why an attempt ended without a receipt."""


class Edge(enum.StrEnum):
    BEFORE = "before"
    AFTER = "after"


class StepPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One edge of one step of one job. For a step that commits, AFTER means that it is on disk."""

    kind: str
    step: str
    edge: Edge
    job_id: str


class StepName(msgspec.Struct, frozen=True, order=True):
    """A step of a kind, as the engine enumerates them."""

    kind: str
    step: str


class StepHook(Protocol):
    """Called at every edge. The lab kills the process here; nothing else may do anything here."""

    async def __call__(self, point: StepPoint) -> None: ...


async def no_hook(point: StepPoint) -> None:
    """The hook of a box in use."""
