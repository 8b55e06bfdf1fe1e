"""What has to be done on the insurer's own site before a box can serve a team (A04, A05, A07, A12, B14).

The box cannot see that site. Somebody who was there says how far each step is, and this is the list of them.
"""

from __future__ import annotations

import datetime as dt
import enum
from typing import Final

from visitbridge.domain.roc import TAIPEI


class SiteStep(enum.StrEnum):
    """In the order in which they build on each other.

    ``MANAGERS``: 機構管理者維護作業, by the representative, once before anybody else (A04). ``SERVICE_…``: the three services
    of 健保服務申請作業 (A07). ``USERS``: 機構使用者維護作業. ``GRANTS``: 使用者授權管理作業 (A05, A08). ``CATALOGUES``: all tabs of
    the programme's settings (B14). ``APPLICATION``: 居家輕量藍牙方案申請, which gives QR-2 (A12).
    """

    MANAGERS = "managers"
    SERVICE_SETTINGS = "service_qpa"
    SERVICE_VISITS = "service_qpb"
    SERVICE_DISPENSING = "service_qpc"
    USERS = "users"
    GRANTS = "grants"
    CATALOGUES = "catalogues"
    APPLICATION = "application"


class SiteState(enum.StrEnum):
    """``APPLIED``: asked for, and the insurer has not approved it yet."""

    OPEN = "open"
    APPLIED = "applied"
    DONE = "done"


AWAITS_APPROVAL: Final = frozenset(
    {
        SiteStep.SERVICE_SETTINGS,
        SiteStep.SERVICE_VISITS,
        SiteStep.SERVICE_DISPENSING,
        SiteStep.APPLICATION,
    }
)
"""Steps that the insurer answers: 申請 → 已核可, 審核中 → 可下載."""


def states_of(step: SiteStep) -> tuple[SiteState, ...]:
    """What may be said of a step."""
    if step in AWAITS_APPROVAL:
        return tuple(SiteState)
    return (SiteState.OPEN, SiteState.DONE)


def next_approval(applied_at: dt.datetime) -> dt.datetime:
    """When an application of this moment is approved: on the hour, by itself (整點自動核定; S0 L109). Aware UTC."""
    hour = applied_at.astimezone(TAIPEI).replace(minute=0, second=0, microsecond=0)
    return (hour + dt.timedelta(hours=1)).astimezone(dt.UTC)
