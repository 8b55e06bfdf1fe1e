"""公告訊息 (T04), and the guided tour's mark (B04, T03): what is kept for each person."""

from __future__ import annotations

from visitbridge.api.routes import PAIRED, AnyRoute, Call, NoQuery, Route
from visitbridge.api.viewing import reader_of
from visitbridge.services.announcements import AnnouncementDesk, AnnouncementView
from visitbridge.services.tours import TourBook


class Announcements:
    def __init__(self, desk: AnnouncementDesk, tours: TourBook) -> None:
        self._desk = desk
        self._tours = tours

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/announcements",
                summary="What the institution's side wants teams to read, newest first",
                access=PAIRED,
                handler=self._list,
                answer=tuple[AnnouncementView, ...],
            ),
            Route(
                method="POST",
                path="/api/announcements/{announcement_id}/read",
                summary="Whoever acts on this phone has read it",
                access=PAIRED,
                handler=self._read,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/tour/taken",
                summary="Whoever acts on this phone took or skipped the guided tour",
                access=PAIRED,
                handler=self._toured,
                answer=None,
            ),
        ]

    async def _list(self, call: Call[NoQuery, None]) -> tuple[AnnouncementView, ...]:
        return self._desk.for_reader(reader_of(call.phone_id, call.acting))

    async def _read(self, call: Call[NoQuery, None]) -> None:
        await self._desk.mark_read(call.path["announcement_id"], reader_of(call.phone_id, call.acting))

    async def _toured(self, call: Call[NoQuery, None]) -> None:
        await self._tours.note_taken(reader_of(call.phone_id, call.acting))
