"""Clear history (S04): counts first, then the act."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.routes import TECHNICIAN, AnyRoute, Call, NoQuery, Route
from visitbridge.services.retention import LONGEST_MONTHS, Retention, RetentionDesk

Months = Annotated[int, Meta(ge=1, le=LONGEST_MONTHS)]


class RetentionQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    months: Months


class ClearHistory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    months: Months


class RetentionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Visits before ``before``: ``clear`` would go, ``keep`` stay, for one of the reasons that follow.

    ``cleared`` have just been deleted, durably.
    """

    months: int
    before: dt.datetime
    cleared: int
    clear: int
    keep: int
    open: int
    unconfirmed: int
    drafts: int
    not_uploaded: int


class History:
    def __init__(self, desk: RetentionDesk) -> None:
        self._desk = desk

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/retention",
                summary="What clearing history older than some months would delete and keep",
                access=TECHNICIAN,
                handler=self._look,
                query=RetentionQuery,
                answer=RetentionAnswer,
            ),
            Route(
                method="POST",
                path="/api/retention",
                summary="Delete uploaded history older than some months",
                access=TECHNICIAN,
                handler=self._clear,
                body=ClearHistory,
                answer=RetentionAnswer,
            ),
        ]

    async def _look(self, call: Call[RetentionQuery, None]) -> RetentionAnswer:
        return _answer(await self._desk.look(call.query.months))

    async def _clear(self, call: Call[NoQuery, ClearHistory]) -> RetentionAnswer:
        return _answer(await self._desk.clear(call.body.months, phone_id=call.phone_id))


def _answer(found: Retention) -> RetentionAnswer:
    counts = found.counts
    return RetentionAnswer(
        months=found.months,
        before=found.before,
        cleared=found.cleared,
        clear=counts.clear,
        keep=counts.keep,
        open=counts.open,
        unconfirmed=counts.unconfirmed,
        drafts=counts.drafts,
        not_uploaded=counts.not_uploaded,
    )
