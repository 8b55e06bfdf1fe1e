"""環境檢測: what works on this box right now (B01)."""

from __future__ import annotations

from visitbridge.api.routes import PAIRED, AnyRoute, Call, NoQuery, Route
from visitbridge.services.environment import EnvironmentReport, Survey


class Environment:
    def __init__(self, survey: Survey) -> None:
        self._survey = survey

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/environment",
                summary="Try everything that a visit needs, from the radio to the disk; takes some seconds",
                access=PAIRED,
                handler=self._run,
                answer=EnvironmentReport,
            )
        ]

    async def _run(self, call: Call[NoQuery, None]) -> EnvironmentReport:
        return await self._survey.run()
