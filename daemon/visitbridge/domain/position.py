"""What a GNSS receiver says (T05)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

METRES_PER_HDOP = 5.0
"""What an HDOP of 1 means for a consumer receiver under open sky; a rule of thumb, not a promise."""


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """A GNSS position, WGS 84 degrees. ``accuracy_m``: estimated radius, None where nothing tells."""

    latitude_deg: Annotated[float, Meta(ge=-90, le=90)]
    longitude_deg: Annotated[float, Meta(ge=-180, le=180)]
    at: dt.datetime
    altitude_m: float | None = None
    accuracy_m: Annotated[float, Meta(ge=0)] | None = None
    satellites: Annotated[int, Meta(ge=0, le=99)] | None = None

    def __repr__(self) -> str:
        return f"Fix(at={self.at.isoformat()})"


def accuracy_from_hdop(hdop: float | None) -> float | None:
    return None if hdop is None else round(hdop * METRES_PER_HDOP, 1)
