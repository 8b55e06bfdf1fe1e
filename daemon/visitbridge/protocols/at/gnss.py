"""Positions as modems tell them by AT command (hardware.md §4.2)."""

from __future__ import annotations

import datetime as dt
import re

from visitbridge.domain.position import Fix, accuracy_from_hdop
from visitbridge.protocols.at.fields import Garbled, decimal, fields, number

QUECTEL_NO_FIX = 516
"""+CME ERROR of ``+QGPSLOC``: no fix yet."""


def simcom_position(line: str) -> Fix | None:
    """``+CGPSINFO: ddmm.mmmmmm,N,dddmm.mmmmmm,E,ddmmyy,hhmmss.s,altitude,speed,course``; all empty: no fix.

    SIMCom does not tell the precision here.
    """
    values = fields(line, "+CGPSINFO:")
    if not any(values):
        return None
    if len(values) < 7:
        raise Garbled("+CGPSINFO")
    return Fix(
        latitude_deg=degrees(values[0], values[1], "NS"),
        longitude_deg=degrees(values[2], values[3], "EW"),
        at=moment(values[4], values[5]),
        altitude_m=decimal(values[6], least=-1000, most=20000) if values[6] else None,
    )


def quectel_position(line: str) -> Fix:
    """``+QGPSLOC: hhmmss.s,lat,lon,hdop,altitude,fix,cog,spkm,spkn,ddmmyy,nsat`` asked for in mode 2."""
    values = fields(line, "+QGPSLOC:")
    if len(values) != 11:
        raise Garbled("+QGPSLOC")
    return Fix(
        latitude_deg=decimal(values[1], least=-90, most=90),
        longitude_deg=decimal(values[2], least=-180, most=180),
        at=moment(values[9], values[0]),
        altitude_m=decimal(values[4], least=-1000, most=20000) if values[4] else None,
        accuracy_m=accuracy_from_hdop(decimal(values[3], least=0, most=100)),
        satellites=number(values[10], most=99),
    )


def degrees(text: str, side: str, sides: str) -> float:
    """Degrees from NMEA's ``[d]ddmm.mmmm`` and N/S or E/W; ``sides`` names the positive one first."""
    if side not in tuple(sides) or not re.fullmatch(r"\d{4,5}\.\d{1,8}", text, re.ASCII):
        raise Garbled("not a coordinate")
    whole, minutes = int(text[: text.index(".") - 2]), float(text[text.index(".") - 2 :])
    value = whole + minutes / 60
    if minutes >= 60 or value > (90 if sides == "NS" else 180):
        raise Garbled("not a coordinate")
    return value if side == sides[0] else -value


def moment(date: str, time: str) -> dt.datetime:
    """UTC from ``ddmmyy`` and ``hhmmss[.s]``, to the second."""
    if not re.fullmatch(r"\d{6}", date, re.ASCII) or not re.fullmatch(r"\d{6}(\.\d*)?", time, re.ASCII):
        raise Garbled("not a time")
    day, month, year = (int(date[i : i + 2]) for i in (0, 2, 4))
    hour, minute, second = (int(time[i : i + 2]) for i in (0, 2, 4))
    try:
        return dt.datetime(2000 + year, month, day, hour, minute, min(second, 59), tzinfo=dt.UTC)
    except ValueError as exc:
        raise Garbled("not a time") from exc
