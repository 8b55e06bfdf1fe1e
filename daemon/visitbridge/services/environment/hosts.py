"""Hosts inside the insurer's VPN that should take connections besides the data centre (C02)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from visitbridge.services.environment.report import Check, ok, warn


class HostFound(msgspec.Struct, frozen=True):
    """``host`` as HOST:PORT, as the configuration lists it."""

    host: str
    answers: bool


class HostProbe(Protocol):
    async def look(self) -> tuple[HostFound, ...]:
        """Try each host that is listed; empty when none is."""
        ...


def hosts_checks(found: Sequence[HostFound]) -> list[Check]:
    """One item, or none where no host is listed.

    Never a fault: a visit needs the data centre only. But it tells a dead VPN from a data centre that is away.
    """
    if not found:
        return []
    silent = [each.host for each in found if not each.answers]
    if not silent:
        return [ok("vpn_sites", count=len(found))]
    code = "some" if len(silent) < len(found) else "none"
    return [warn("vpn_sites", code, hosts="、".join(silent))]
