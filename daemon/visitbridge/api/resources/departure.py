"""出門前檢查: one list before the team leaves (B15)."""

from __future__ import annotations

from visitbridge.api.routes import PAIRED, AnyRoute, Call, NoQuery, Route
from visitbridge.services.departure import DepartureCheck
from visitbridge.services.environment import EnvironmentReport


class Departure:
    def __init__(self, check: DepartureCheck) -> None:
        self._check = check

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/departure",
                summary="Whether the team has with it what today's visits need; counts and times only",
                access=PAIRED,
                handler=self._run,
                answer=EnvironmentReport,
            )
        ]

    async def _run(self, call: Call[NoQuery, None]) -> EnvironmentReport:
        return await self._check.run()
