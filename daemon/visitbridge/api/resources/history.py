"""The last 24 hours of link and queue, for the chart (ux §4)."""

from __future__ import annotations

import msgspec

from visitbridge.api.routes import PAIRED, AnyRoute, Call, NoQuery, Route
from visitbridge.ports.records import LinkSample
from visitbridge.services.link.history import LinkHistory


class HistoryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest first, one point for five minutes; a step without a point is one in which the box was off."""

    points: tuple[LinkSample, ...]


class LinkChart:
    def __init__(self, history: LinkHistory) -> None:
        self._history = history

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/history",
                summary="Link and queue depth over the last 24 hours",
                access=PAIRED,
                handler=self._get,
                answer=HistoryAnswer,
            )
        ]

    async def _get(self, call: Call[NoQuery, None]) -> HistoryAnswer:
        return HistoryAnswer(points=await self._history.points())
