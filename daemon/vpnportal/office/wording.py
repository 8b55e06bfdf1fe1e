"""Moments, amounts and states as the office reads them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from visitbridge.domain.roc import TAIPEI
from vpnportal.fleet import TicketState

LINKS: Final[Mapping[str, str]] = {"good": "正常", "unstable": "不穩", "down": "中斷"}
PINS: Final[Mapping[TicketState, str]] = {
    TicketState.WAITING: "待使用",
    TicketState.USED: "已使用",
    TicketState.NONE: "無",
}
NOTHING: Final = "—"


def day(at: dt.datetime | dt.date | None) -> str:
    """``115/11/22`` in Taipei."""
    if at is None:
        return NOTHING
    local = at.astimezone(TAIPEI) if isinstance(at, dt.datetime) else at
    return f"{local.year - 1911}/{local:%m/%d}"


def moment(at: dt.datetime | None) -> str:
    """``115/11/22 10:00`` in Taipei."""
    return NOTHING if at is None else f"{day(at)} {at.astimezone(TAIPEI):%H:%M}"


def volume(octets: int) -> str:
    """Decimal, as carriers and makers of cards count."""
    return f"{octets / 1e9:.1f} GB" if octets >= 1e9 else f"{octets / 1e6:.1f} MB"
