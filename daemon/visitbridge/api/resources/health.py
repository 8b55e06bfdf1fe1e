"""How the box is: for a technician's phone, and for a program that watches it (beyond #14, S03)."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from visitbridge.api.routes import TECHNICIAN, WATCHER, AnyRoute, Call, NoQuery, RawRoute, Route
from visitbridge.ports.records import PairedPhone
from visitbridge.protocols.health import BoxHealth
from visitbridge.services.health import HealthDesk

METRICS_PATH = "/metrics"


class HealthPages:
    """``as_metrics`` writes the Prometheus text, whose content type is ``metrics_type``."""

    def __init__(
        self, desk: HealthDesk, as_metrics: Callable[[BoxHealth], bytes], *, metrics_type: str
    ) -> None:
        self._desk = desk
        self._as_metrics = as_metrics
        self._metrics_type = metrics_type

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/health",
                summary="How the box is: versions, queue, expiries, link, power, disk; nothing about people",
                access=TECHNICIAN,
                handler=self._health,
                answer=BoxHealth,
            ),
            RawRoute(
                path=METRICS_PATH,
                summary="The same for Prometheus; by a technician's phone or with the metrics token",
                access=WATCHER,
                produces="text/plain",
                handler=self._metrics,
            ),
        ]

    async def _health(self, call: Call[NoQuery, None]) -> BoxHealth:
        return await self._desk.look()

    async def _metrics(self, request: web.Request, phone: PairedPhone | None) -> web.StreamResponse:
        body = self._as_metrics(await self._desk.look())
        return web.Response(
            body=body, headers={"Content-Type": self._metrics_type, "Cache-Control": "no-store"}
        )
