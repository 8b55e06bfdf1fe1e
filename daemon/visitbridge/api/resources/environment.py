"""環境檢測: what works on this box right now (B01)."""

from __future__ import annotations

from collections.abc import Callable

from visitbridge.api.routes import PAIRED, AnyRoute, Call, NoQuery, Route
from visitbridge.services.environment import EnvironmentReport, Survey


class Environment:
    """``try_modem_again``: forget what the carrier refused for good."""

    def __init__(self, survey: Survey, try_modem_again: Callable[[], None]) -> None:
        self._survey = survey
        self._try_modem_again = try_modem_again

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/environment",
                summary="Try everything that a visit needs, from the radio to the disk; takes some seconds",
                access=PAIRED,
                handler=self._run,
                answer=EnvironmentReport,
            ),
            Route(
                method="POST",
                path="/api/environment/modem/retry",
                summary="Try the data connection again after the carrier had refused it",
                access=PAIRED,
                handler=self._retry_modem,
                answer=None,
                status=204,
            ),
        ]

    async def _run(self, call: Call[NoQuery, None]) -> EnvironmentReport:
        return await self._survey.run()

    async def _retry_modem(self, call: Call[NoQuery, None]) -> None:
        self._try_modem_again()
