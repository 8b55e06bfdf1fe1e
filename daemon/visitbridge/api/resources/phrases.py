"""常用詞句 for the free texts of a visit (M04, M05, M19)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.routes import AnyRoute, Call, NoQuery, Route, reduced
from visitbridge.domain.people import Right
from visitbridge.services.visits.phrases import Phrase, PhraseBook, TextField


class PhraseQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    field: TextField


class NewPhrase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    field: TextField
    text: Annotated[str, Meta(min_length=1, max_length=500)]


class Phrases:
    def __init__(self, book: PhraseBook) -> None:
        self._book = book

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/phrases",
                summary="Phrases kept for one of a visit's free texts, newest first",
                access=reduced(Right.VISITS),
                handler=self._list,
                query=PhraseQuery,
                answer=tuple[Phrase, ...],
            ),
            Route(
                method="POST",
                path="/api/phrases",
                summary="Keep a phrase",
                access=reduced(Right.VISITS),
                handler=self._add,
                body=NewPhrase,
                answer=tuple[Phrase, ...],
            ),
            Route(
                method="DELETE",
                path="/api/phrases/{phrase_id}",
                summary="Keep a phrase no longer",
                access=reduced(Right.VISITS),
                handler=self._remove,
                answer=None,
            ),
        ]

    async def _list(self, call: Call[PhraseQuery, None]) -> tuple[Phrase, ...]:
        return await self._book.of(call.query.field)

    async def _add(self, call: Call[NoQuery, NewPhrase]) -> tuple[Phrase, ...]:
        return await self._book.add(call.body.field, call.body.text)

    async def _remove(self, call: Call[NoQuery, None]) -> None:
        await self._book.remove(call.path["phrase_id"])
