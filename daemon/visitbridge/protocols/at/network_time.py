"""The network's time (NITZ) as a modem tells it: ``+CCLK`` (3GPP TS 27.007 §8.15), Quectel's ``+QLTS``."""

from __future__ import annotations

import datetime as dt
import re

from visitbridge.protocols.at.fields import Garbled, fields

_FORM = re.compile(r"(\d\d)/(\d\d)/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d{1,2})", re.ASCII)
_QUECTEL_FORM = re.compile(r"20(\d\d)/(\d\d)/(\d\d),(\d\d):(\d\d):(\d\d)[+-]\d{1,2},[01]", re.ASCII)

BEFORE_NITZ = frozenset({(80, 1, 6), (80, 1, 5), (70, 1, 1), (4, 1, 1), (0, 1, 1)})
"""Two-digit year, month, day that modems count from until the network has told them the time."""


def network_time(line: str) -> dt.datetime | None:
    """UTC of ``+CCLK: "yy/MM/dd,hh:mm:ss±zz"``: local time, zone in quarter hours (Taiwan +32).

    None when the clock runs from one of the dates modems start with: no network time yet. Some modems leave
    the zone away; such a time could be local or UTC, so it is Garbled, like every other form.
    """
    (text, *rest) = fields(line, "+CCLK:")
    if rest:
        raise Garbled("+CCLK")
    match = _FORM.fullmatch(text)
    if match is None:
        raise Garbled("+CCLK")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    quarters = int(match.group(7))
    if not -48 <= quarters <= 56:
        raise Garbled("+CCLK zone")
    if (year, month, day) in BEFORE_NITZ or year >= 70:
        return None
    try:
        local = dt.datetime(2000 + year, month, day, hour, minute, min(second, 59), tzinfo=dt.UTC)
        return local - dt.timedelta(minutes=15 * quarters)
    except (ValueError, OverflowError) as exc:
        raise Garbled("+CCLK date") from exc


def quectel_network_time(line: str) -> dt.datetime | None:
    """UTC of ``+QLTS: "yyyy/MM/dd,hh:mm:ss±zz,d"`` asked for in mode 1, which is GMT whatever the zone beside it says.

    None for an empty string: no network has told the time yet.
    """
    (text, *rest) = fields(line, "+QLTS:")
    if not text and not rest:
        return None
    match = None if rest else _QUECTEL_FORM.fullmatch(text)
    if match is None:
        raise Garbled("+QLTS")
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    if (year, month, day) in BEFORE_NITZ or year >= 70:
        return None
    try:
        return dt.datetime(2000 + year, month, day, hour, minute, min(second, 59), tzinfo=dt.UTC)
    except ValueError as exc:
        raise Garbled("+QLTS date") from exc
