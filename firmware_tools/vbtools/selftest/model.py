"""What a self-test found. Facts are numbers and words of the machine; nothing of people is asked for."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Final, Literal

import msgspec

from visitbridge import __version__

PROBES: Final = (
    "clock",
    "supply",
    "temperature",
    "disk",
    "store",
    "readers",
    "modem",
    "isolation",
    "certificates",
)
"""In the order in which they are tried and told."""


class Outcome(enum.StrEnum):
    """``ABSENT``: there is nothing of the kind to try, which is a failure only where it was required."""

    GOOD = "good"
    BAD = "bad"
    ABSENT = "absent"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """``reason``: why it did not pass, a key below ``tools.selftest.reason``, or an error's code. ``virtual``: simulated."""

    probe: str
    outcome: Outcome
    reason: str = ""
    facts: dict[str, str | int | float] = {}
    virtual: bool = False


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """``box``: its name as the technician knows it. ``required``: probes that had to find something."""

    format: Literal[1] = 1
    box: str
    machine: str
    system: str
    version: str = __version__
    began_at: dt.datetime
    ended_at: dt.datetime
    rounds: int
    required: tuple[str, ...] = ()
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return not any(self.counts_as_failure(finding) for finding in self.findings)

    def counts_as_failure(self, finding: Finding) -> bool:
        return finding.outcome is Outcome.BAD or (
            finding.outcome is Outcome.ABSENT and finding.probe in self.required
        )


def worst_of(rounds: list[Finding]) -> Finding:
    """The finding of one probe over several rounds: the first failure, else the last one. ``rounds`` is not empty."""
    return next((each for each in rounds if each.outcome is Outcome.BAD), rounds[-1])
