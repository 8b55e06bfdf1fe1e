"""健保卡讀取方式: which way of identifying a patient this phone shows first (S05, S06)."""

from __future__ import annotations

import msgspec

from visitbridge.api.routes import PAIRED, AnyRoute, Call, NoQuery, Route
from visitbridge.services.identifying import IdentifyBook, IdentifyBy


class ChooseWay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    by: IdentifyBy


class Identifying:
    def __init__(self, book: IdentifyBook) -> None:
        self._book = book

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="PUT",
                path="/api/phone/identify-by",
                summary="Choose by what this phone identifies patients unless somebody says otherwise",
                access=PAIRED,
                handler=self._choose,
                body=ChooseWay,
                answer=None,
            ),
        ]

    async def _choose(self, call: Call[NoQuery, ChooseWay]) -> None:
        await self._book.choose(call.phone_id, call.body.by)
