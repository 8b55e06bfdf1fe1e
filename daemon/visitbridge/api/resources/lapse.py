"""Time-lapse in the training rooms: hours pass at once, on both sides (ux §3.9)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.resources.lab import Lab
from visitbridge.api.routes import PAIRED, AnyRoute, Call, NoQuery, Route
from visitbridge.ports.records import PairedPhone

LONGEST_S = 24 * 3600


class LapseOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds that pass at once."""

    advance_s: Annotated[float, Meta(gt=0, le=LONGEST_S)]


class Lapse:
    """``desk`` moves the other side's clock, ``advance`` this box's. ``stay_open`` gives the phone that asked a new
    session, as hours have passed for phones too.
    """

    def __init__(
        self,
        desk: Lab,
        advance: Callable[[float], None],
        stay_open: Callable[[PairedPhone], Awaitable[str]],
    ) -> None:
        self._desk = desk
        self._advance = advance
        self._stay_open = stay_open

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="POST",
                path="/api/lab/time",
                summary="Let time pass at once on both sides; sets a new cookie",
                access=PAIRED,
                handler=self._lapse,
                body=LapseOrder,
                answer=None,
            )
        ]

    async def _lapse(self, call: Call[NoQuery, LapseOrder]) -> None:
        # The other side first: its clock says what time it is to the box.
        await self._desk.ask("POST", "/time", {"advance_s": call.body.advance_s})
        self._advance(call.body.advance_s)
        call.cookie = await self._stay_open(call.known_phone)
