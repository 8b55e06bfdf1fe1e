"""Faults that strike at one edge of one step of a job, so that every run of a test meets them at the same place."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from visitbridge.services.outbox.steps import Edge, StepPoint


class Blow(enum.StrEnum):
    """What happens. All but the kill, the pull and the swap last until somebody puts things right again.

    ``KILL``: SIGKILL of the box. ``PULL``: the patient's card leaves the reader. ``SWAP``: another patient's
    card is there instead. ``CUT_LINK``: no connection, before anything is sent. ``LOSE_REPLY``: the portal
    commits and its answer is lost. ``KILL_PORTAL``: SIGKILL of the portal. ``ERROR_500``, ``UNAVAILABLE_503``:
    it answers so. ``STALL``: it takes requests and never answers.
    """

    KILL = "kill"
    PULL = "pull"
    SWAP = "swap"
    CUT_LINK = "cut_link"
    LOSE_REPLY = "lose_reply"
    KILL_PORTAL = "kill_portal"
    ERROR_500 = "error_500"
    UNAVAILABLE_503 = "unavailable_503"
    STALL = "stall"


class StepFault(msgspec.Struct, frozen=True, kw_only=True):
    """``blow`` at the ``occurrence``-th time (from 1) that a job of ``kind`` passes this edge."""

    kind: str
    step: str
    edge: Edge
    blow: Blow
    occurrence: int = 1


CarryOut = Callable[[Blow], Awaitable[None]]
"""Brings it about; has happened when it returns."""


class StepFaults:
    """A ``StepHook`` (``services.outbox.steps``): the engine waits at the edge while the blow falls."""

    def __init__(self, faults: Sequence[StepFault], carry_out: CarryOut) -> None:
        self._faults = tuple(faults)
        self._carry_out = carry_out
        self._passed: dict[tuple[str, str, Edge], int] = {}
        self._struck: list[StepFault] = []

    @property
    def passed(self) -> frozenset[tuple[str, str, Edge]]:
        """Every edge that some job came by: kind, step, edge."""
        return frozenset(self._passed)

    @property
    def struck(self) -> tuple[StepFault, ...]:
        """The faults that have happened."""
        return tuple(self._struck)

    async def __call__(self, point: StepPoint) -> None:
        edge = (point.kind, point.step, point.edge)
        occurrence = self._passed[edge] = self._passed.get(edge, 0) + 1
        for fault in self._faults:
            if (fault.kind, fault.step, fault.edge, fault.occurrence) == (*edge, occurrence):
                self._struck.append(fault)
                await self._carry_out(fault.blow)
