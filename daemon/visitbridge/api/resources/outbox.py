"""The outbox: every item with what it waits for, and what a person may do with it (N10-N12)."""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.api.problems import ErrorDetail
from visitbridge.api.routes import AnyRoute, Call, NoQuery, Route, reduced
from visitbridge.domain.jobs import Age, JobState
from visitbridge.domain.people import Right
from visitbridge.domain.readiness import Reason
from visitbridge.services.outbox.desk import OutboxDesk
from visitbridge.services.outbox.views import JobView
from visitbridge.services.topics import QueueTopic
from visitbridge.words import Catalogue


class JobItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item. ``error`` has our words for its code, and the data centre's own under ``verbatim``."""

    job_id: str
    kind: str
    visit_id: str
    patient_name: str
    visit_at: dt.datetime
    state: JobState
    needs_person: bool
    waiting_for: tuple[Reason, ...]
    age: Age
    due_at: dt.datetime
    attempts: int
    revision: int
    error: ErrorDetail | None


class OutboxAnswer(msgspec.Struct, frozen=True, kw_only=True):
    summary: QueueTopic
    items: tuple[JobItem, ...]


class JobItems:
    """Turns services' views into what phones get: codes become words in the phone's language."""

    def __init__(self, words: Catalogue) -> None:
        self._words = words

    def of(self, view: JobView, language: str) -> JobItem:
        shared = {name: getattr(view, name) for name in JobItem.__struct_fields__ if name != "error"}
        return JobItem(error=self._error(view, language), **shared)

    def _error(self, view: JobView, language: str) -> ErrorDetail | None:
        if view.error is None:
            return None
        return ErrorDetail(
            code=view.error.code,
            retry="unknown" if view.state is JobState.UNKNOWN else "never" if view.needs_person else "later",
            words=self._words.error(language, view.error.code, {}),
            params={},
            field=view.error.field,
            verbatim=view.error.words,
        )


class Outbox:
    def __init__(self, desk: OutboxDesk, items: JobItems) -> None:
        self._desk = desk
        self._items = items

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/outbox",
                summary="Open items with what they wait for",
                access=reduced(Right.VISITS),
                handler=self._list,
                answer=OutboxAnswer,
            ),
            Route(
                method="POST",
                path="/api/outbox/send-now",
                summary="Try at once whatever is only waiting for its time",
                access=reduced(Right.VISITS),
                handler=self._send_now,
                answer=OutboxAnswer,
            ),
            Route(
                method="POST",
                path="/api/outbox/{job_id}/retry",
                summary="Try an item again; one in doubt is asked about first",
                access=reduced(Right.VISITS),
                handler=self._retry,
                answer=JobItem,
            ),
            Route(
                method="POST",
                path="/api/outbox/{job_id}/accept-former",
                summary="Let the version stand that the data centre accepted before the correction",
                access=reduced(Right.VISITS),
                handler=self._accept_former,
                answer=JobItem,
            ),
            Route(
                method="POST",
                path="/api/outbox/{job_id}/hold",
                summary="Keep an item from being sent",
                access=reduced(Right.VISITS),
                handler=self._hold,
                answer=JobItem,
            ),
            Route(
                method="POST",
                path="/api/outbox/{job_id}/release",
                summary="Let a held item go on",
                access=reduced(Right.VISITS),
                handler=self._release,
                answer=JobItem,
            ),
        ]

    def _answer(self, language: str) -> OutboxAnswer:
        items = tuple(self._items.of(view, language) for view in self._desk.items())
        return OutboxAnswer(summary=self._desk.summary(), items=items)

    async def _list(self, call: Call[NoQuery, None]) -> OutboxAnswer:
        return self._answer(call.language)

    async def _send_now(self, call: Call[NoQuery, None]) -> OutboxAnswer:
        self._desk.send_now()
        return self._answer(call.language)

    async def _retry(self, call: Call[NoQuery, None]) -> JobItem:
        view = await self._desk.retry(call.path["job_id"], who=call.who, phone_id=call.phone_id)
        return self._items.of(view, call.language)

    async def _accept_former(self, call: Call[NoQuery, None]) -> JobItem:
        view = await self._desk.accept_former(call.path["job_id"], who=call.who, phone_id=call.phone_id)
        return self._items.of(view, call.language)

    async def _hold(self, call: Call[NoQuery, None]) -> JobItem:
        view = await self._desk.hold(call.path["job_id"], who=call.who, phone_id=call.phone_id)
        return self._items.of(view, call.language)

    async def _release(self, call: Call[NoQuery, None]) -> JobItem:
        view = await self._desk.release(call.path["job_id"], who=call.who, phone_id=call.phone_id)
        return self._items.of(view, call.language)
