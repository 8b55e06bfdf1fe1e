"""Switching the box off from a phone: what is open first, then the order."""

from __future__ import annotations

from visitbridge.api.routes import PAIRED, AnyRoute, Call, NoQuery, Route
from visitbridge.services.switching_off import SwitchOff, SwitchOffView


class PowerPages:
    """For every paired phone: whoever carries the box home has to be able to switch it off, or pulls the plug."""

    def __init__(self, desk: SwitchOff) -> None:
        self._desk = desk

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/box/power",
                summary="What is open, for whoever wants to switch the box off",
                access=PAIRED,
                handler=self._look,
                answer=SwitchOffView,
            ),
            Route(
                method="POST",
                path="/api/box/power/off",
                summary="Switch the box off in order; answered when the machine has agreed",
                access=PAIRED,
                handler=self._off,
                answer=None,
            ),
        ]

    async def _look(self, call: Call[NoQuery, None]) -> SwitchOffView:
        return await self._desk.look()

    async def _off(self, call: Call[NoQuery, None]) -> None:
        await self._desk.by_person(call.phone_id)
