"""The prescription on paper (O05)."""

from __future__ import annotations

import msgspec

from visitbridge.api.routes import AnyRoute, Call, NoQuery, Route, reduced
from visitbridge.domain.people import Right
from visitbridge.services.visits.paper import PrintingDesk


class PrescriptionFile(msgspec.Struct, frozen=True, kw_only=True):
    """``content``: an A5 page as PDF, in base64. ``print_no``: the number that stands on this copy."""

    name: str
    content: bytes
    print_no: int


class Paper:
    def __init__(self, desk: PrintingDesk) -> None:
        self._desk = desk

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="POST",
                path="/api/visits/{visit_id}/prescription/paper",
                summary="One more numbered copy of the prescription, as PDF",
                access=reduced(Right.VISITS),
                handler=self._print,
                answer=PrescriptionFile,
            ),
        ]

    async def _print(self, call: Call[NoQuery, None]) -> PrescriptionFile:
        printed = await self._desk.print(call.path["visit_id"], who=call.who, phone_id=call.phone_id)
        # The name of a file may be shown by a phone's own list of downloads, so it tells nothing of a patient.
        name = f"prescription-{call.path['visit_id'][-6:]}-{printed.print_no}.pdf"
        return PrescriptionFile(name=name, content=printed.content, print_no=printed.print_no)
