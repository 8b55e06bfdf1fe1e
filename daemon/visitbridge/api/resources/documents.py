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

FIRST_WORDS = (
    "ui.action.",
    "ui.announcements.urgent",
    "ui.banner.",
    "ui.chip.",
    "ui.duration.",
    "ui.error.",
    "ui.help.title",
    "ui.home.",
    "ui.lab.title",
    "ui.patient.",
    "ui.rescue.what",
    "ui.sex.",
    "ui.strip.",
    "ui.tab.",
    "ui.tile.",
    "ui.training.banner",
    "ui.training.mark",
    "ui.weekday.",
)
"""What keys begin with that a phone's start page needs, and the frame around every screen."""


def first_words(texts: Mapping[str, str]) -> dict[str, str]:
    """Those of the words that a phone asks for before all others."""
    return {key: text for key, text in texts.items() if key.startswith(FIRST_WORDS)}


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
        self._first_words: Mapping[str, Document] = {
            language: Document.of("application/json", msgspec.json.encode(first_words(words.texts(language))))
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
                path="/api/words/{lang}/first",
                summary="The words of one language that the start page needs",
                access=OPEN,
                produces="application/json",
                handler=self._serve_first_words,
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
        return _in_language(self._words, request)

    async def _serve_first_words(self, request: web.Request, phone: PairedPhone | None) -> web.StreamResponse:
        return _in_language(self._first_words, request)

    async def _serve_openapi(self, request: web.Request, phone: PairedPhone | None) -> web.StreamResponse:
        if self._openapi is None:
            raise NotFound("the API has not been described yet")
        return self._openapi.response(request)


def _in_language(documents: Mapping[str, Document], request: web.Request) -> web.Response:
    """Raises NotFound for a language without words."""
    document = documents.get(request.match_info["lang"])
    if document is None:
        raise NotFound("no such language", field="lang")
    return document.response(request)
