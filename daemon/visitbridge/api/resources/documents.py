"""What may be read without a session: that the box answers, words, the API's own description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from aiohttp import web

from visitbridge.api.cached import Document
from visitbridge.api.openapi import openapi_document
from visitbridge.api.routes import OPEN, AnyRoute, Call, NoQuery, RawRoute, Route
from visitbridge.errors import NotFound
from visitbridge.ports.records import PairedPhone
from visitbridge.words import LANGUAGES, Catalogue


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """That the box answers at all; what it does is for paired phones."""

    status: str
    version: str


class Documents:
    def __init__(self, words: Catalogue, *, version: str) -> None:
        self._version = version
        self._words: Mapping[str, Document] = {
            language: Document.of("application/json", msgspec.json.encode(words.texts(language)))
            for language in LANGUAGES
        }
        self._openapi: Document | None = None

    def describe(self, routes: Iterable[AnyRoute]) -> None:
        """Make the OpenAPI document, once all routes are known."""
        document = openapi_document(routes, version=self._version)
        self._openapi = Document.of("application/json", msgspec.json.encode(document))

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/alive",
                summary="Does the box answer?",
                access=OPEN,
                handler=self._alive,
                answer=Alive,
            ),
            RawRoute(
                path="/api/words/{lang}",
                summary="Every word of one language by key",
                access=OPEN,
                produces="application/json",
                handler=self._serve_words,
            ),
            RawRoute(
                path="/api/openapi.json",
                summary="This API, as an OpenAPI 3.1 document",
                access=OPEN,
                produces="application/json",
                handler=self._serve_openapi,
            ),
        ]

    async def _alive(self, call: Call[NoQuery, None]) -> Alive:
        return Alive(status="ok", version=self._version)

    async def _serve_words(self, request: web.Request, phone: PairedPhone | None) -> web.StreamResponse:
        document = self._words.get(request.match_info["lang"])
        if document is None:
            raise NotFound("no such language", field="lang")
        return document.response(request)

    async def _serve_openapi(self, request: web.Request, phone: PairedPhone | None) -> web.StreamResponse:
        if self._openapi is None:
            raise NotFound("the API has not been described yet")
        return self._openapi.response(request)
