"""What may be read without a session: that the box answers, words, the API's own description."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

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
    """Each document is made when somebody first asks for it. None is needed for a start, which the description of all routes
    alone would make a quarter longer.
    """

    def __init__(self, words: Catalogue, *, version: str) -> None:
        self._version = version
        self._words = words
        self._made: dict[str, Document] = {}
        self._described: tuple[AnyRoute, ...] = ()
        self._describing = asyncio.Lock()

    def describe(self, routes: Iterable[AnyRoute]) -> None:
        """What the OpenAPI document is about, once all routes are known."""
        self._described = tuple(routes)

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
        return self._in_language(request, lambda texts: texts)

    async def _serve_first_words(self, request: web.Request, phone: PairedPhone | None) -> web.StreamResponse:
        return self._in_language(request, first_words)

    async def _serve_openapi(self, request: web.Request, phone: PairedPhone | None) -> web.StreamResponse:
        async with self._describing:
            if request.path not in self._made:
                # Work for a second on a small machine; phones are answered meanwhile.
                document = await asyncio.to_thread(openapi_document, self._described, version=self._version)
                self._made[request.path] = _document(document)
        return self._made[request.path].response(request)

    def _in_language(
        self, request: web.Request, choose: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> web.Response:
        """Raises NotFound for a language without words."""
        language = request.match_info["lang"]
        if language not in LANGUAGES:
            raise NotFound("no such language", field="lang")
        if request.path not in self._made:
            self._made[request.path] = _document(choose(self._words.texts(language)))
        return self._made[request.path].response(request)


def _document(content: Mapping[str, Any]) -> Document:
    return Document("application/json", msgspec.json.encode(content))
