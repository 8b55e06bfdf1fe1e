"""Factory reset from a phone (B11): the box's name typed, and nothing unsent."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.routes import PROVEN_TECHNICIAN, AnyRoute, Call, NoQuery, Route
from visitbridge.services.decommission import Decommission


class ResetBox(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``name``: the box's own. ``even_with_unsent``: give up what no hand-off file can carry."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    even_with_unsent: bool = False


class Resets:
    def __init__(self, desk: Decommission) -> None:
        self._desk = desk

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="POST",
                path="/api/box/reset",
                summary="Erase this box for good: keys, patients, phones, binding",
                access=PROVEN_TECHNICIAN,
                handler=self._reset,
                body=ResetBox,
                answer=None,
            )
        ]

    async def _reset(self, call: Call[NoQuery, ResetBox]) -> None:
        await self._desk.reset(
            call.body.name, even_with_unsent=call.body.even_with_unsent, phone_id=call.phone_id
        )
