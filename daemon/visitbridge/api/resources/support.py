"""The support bundle: seen first, then made (beyond #13)."""

from __future__ import annotations

import msgspec

from visitbridge.api.routes import PAIRED, AnyRoute, Call, NoQuery, Route
from visitbridge.protocols.support import SupportBundle
from visitbridge.services.support import SupportDesk


class SupportFile(msgspec.Struct, frozen=True, kw_only=True):
    """``content``: the file in base64, readable by the institution only."""

    name: str
    content: bytes


class Support:
    def __init__(self, desk: SupportDesk) -> None:
        self._desk = desk

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/support-bundle",
                summary="What a support bundle would hold: nothing about people",
                access=PAIRED,
                handler=self._look,
                answer=SupportBundle,
            ),
            Route(
                method="POST",
                path="/api/support-bundle",
                summary="Make a support bundle, sealed to the institution",
                access=PAIRED,
                handler=self._make,
                answer=SupportFile,
            ),
        ]

    async def _look(self, call: Call[NoQuery, None]) -> SupportBundle:
        return await self._desk.look()

    async def _make(self, call: Call[NoQuery, None]) -> SupportFile:
        made = await self._desk.make(phone_id=call.phone_id)
        return SupportFile(name=made.name, content=made.content)
