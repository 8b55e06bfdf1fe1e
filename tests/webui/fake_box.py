"""A box that is only its HTTP face, for screens whose states a whole lab reaches slowly or never.

It keeps the API's shapes and nothing of its rules: what a test puts in is what the phone sees. The flow through
the real box is tested against the lab.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from aiohttp import web

from tests.patience import PATIENCE_S
from tests.webui.samples import NOW
from visitbridge.api.resources.documents import first_words
from visitbridge.api.static import PAGE_SHEET, page_sheet
from visitbridge.words import load_catalogue

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WEBUI = Path(__file__).resolve().parents[2] / "webui"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}


def encode(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


class FakeBox:
    """Serves the UI and answers from plain data.

    ``topics`` is the live state; ``put`` changes one topic and tells the phones. ``answers`` maps ``METHOD path``
    to what is answered: a value, or a callable of the request's JSON that returns one, raises :class:`Refusal`,
    or raises ConnectionError to vanish without an answer. A route in ``delays`` answers once its event is set.
    ``asked`` records the calls. ``paired`` False answers 401 to all but the open routes. ``silent`` drops every
    API connection, as lost Wi-Fi does; ``refuse_streams`` only those to the event stream. ``closed``: the status that a
    locked or erased box answers with to everything but its lock. ``date``: the box's clock as its streams say it, in the
    form of the HTTP header: the samples' moment unless a test says otherwise. ``files``: served beside the UI's own, by
    path. ``cache_s``: how long a phone may keep what is served of the UI; a box asks to be asked each time.
    """

    def __init__(
        self,
        topics: Json,
        answers: dict[str, Any],
        *,
        files: Mapping[str, bytes] = MappingProxyType({}),
        cache_s: int = 0,
    ) -> None:
        self.files = files
        self._cache = f"max-age={cache_s}" if cache_s else "no-cache"
        self.begin_anew(topics, answers)
        self.url = ""
        self._streams: set[asyncio.Queue[bytes | None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._seq = 0
        self._heard = threading.Condition()

    def begin_anew(self, topics: Json, answers: dict[str, Any]) -> None:
        """Be another box at the same address: nothing of what was put in, asked or broken before is left."""
        self.topics = topics
        self.answers = answers
        self.paired = True
        self.silent = False
        self.closed = 0
        self.date = email.utils.format_datetime(NOW, usegmt=True)
        self.refuse_streams = False
        self.delays: dict[str, threading.Event] = {}
        self.asked: list[tuple[str, Any]] = []

    @contextlib.contextmanager
    def open_server(self) -> Iterator[FakeBox]:
        """Listen on a free loopback port, on a thread of its own, until the block ends."""
        ready = threading.Event()
        stop: list[Callable[[], object]] = []

        async def serve() -> None:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", self._handle)
            runner = web.AppRunner(app, shutdown_timeout=0.5)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            self._loop = asyncio.get_running_loop()
            ended = asyncio.Event()
            loop = self._loop
            stop.append(lambda: loop.call_soon_threadsafe(ended.set))
            ready.set()
            await ended.wait()
            self._end_streams()
            await runner.cleanup()

        thread = threading.Thread(target=lambda: asyncio.run(serve()), name="fake-box")
        thread.start()
        assert ready.wait(PATIENCE_S)
        try:
            yield self
        finally:
            # What a test still held back would hold up the end of the thread.
            for rest in self.delays.values():
                rest.set()
            stop[0]()
            thread.join(PATIENCE_S)

    def put(self, topic: str, value: Json) -> None:
        """Change a topic and send the change to every open stream."""
        self.topics[topic] = value
        self._seq += 1
        event = (
            f"id: t-{self._seq}\nevent: change\ndata: ".encode()
            + msgspec.json.encode({"topic": topic, "value": value})
            + b"\n\n"
        )
        self._call_soon(lambda: self._send(event))

    def snapshot(self) -> None:
        """Send the whole state anew to every open stream, as the box does when a phone may see something else."""
        self._seq += 1
        event = (
            f"id: t-{self._seq}\nevent: snapshot\ndata: ".encode()
            + msgspec.json.encode(self.topics)
            + b"\n\n"
        )
        self._call_soon(lambda: self._send(event))

    def beat(self) -> None:
        """Send the heartbeat comment."""
        self._call_soon(lambda: self._send(b": still here\n\n"))

    def go_silent(self) -> None:
        self.silent = True
        self._call_soon(self._end_streams)

    def calls(self, route: str) -> list[Any]:
        """Bodies of the calls to ``METHOD path`` so far."""
        return [body for name, body in self.asked if name == route]

    def wait_calls(self, route: str, count: int = 1) -> list[Any]:
        """What ``calls`` gives once ``METHOD path`` has been asked for so often."""
        with self._heard:
            assert self._heard.wait_for(lambda: len(self.calls(route)) >= count, PATIENCE_S), self.asked
        return self.calls(route)

    def _call_soon(self, act: Callable[[], object]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(act)

    def _send(self, event: bytes | None) -> None:
        for queue in self._streams:
            queue.put_nowait(event)

    def _end_streams(self) -> None:
        self._send(None)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if not path.startswith("/api/"):
            return self._static(path)
        if self.silent or (self.refuse_streams and path == "/api/events"):
            return _vanish(request)
        if path.startswith("/api/words/"):
            await self._wait_released(f"GET {path}")
            _, _, language = path.removesuffix("/first").rpartition("/")
            texts = load_catalogue().texts(language)
            return encode(first_words(texts) if path.endswith("/first") else dict(texts))
        if self.closed and not path.startswith("/api/lock"):
            return Refusal(self.closed, {423: "GW-STO-06"}.get(self.closed, "GW-STO-08")).response()
        if not self.paired and not path.startswith("/api/pair"):
            return Refusal(401, "GW-ACC-01").response()
        if path == "/api/events":
            return await self._stream(request)
        return await self._answer(request)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        route = f"{request.method} {request.path}"
        raw = await request.read()
        body = msgspec.json.decode(raw) if raw and request.content_type == "application/json" else len(raw)
        with self._heard:
            self.asked.append((route, body))
            self._heard.notify_all()
        answer = self.answers.get(route, self.answers.get(self._kin(route)))
        await self._wait_released(route)
        try:
            value = answer(body) if callable(answer) else answer
        except Refusal as refusal:
            return refusal.response()
        except ConnectionError:
            return await _break_off(request)
        return web.Response(status=404) if value is None else encode(value)

    async def _wait_released(self, route: str) -> None:
        if route in self.delays:
            await asyncio.to_thread(self.delays[route].wait, PATIENCE_S)

    def _static(self, path: str) -> web.Response:
        body = self._file("/index.html" if path in {"/", "/p"} else path)
        if body is None:
            return web.Response(status=404)
        return web.Response(
            body=body,
            content_type=_TYPES[Path(path).suffix or ".html"],
            charset="utf-8",
            headers={"Content-Security-Policy": CSP, "Cache-Control": self._cache},
        )

    def _file(self, path: str) -> bytes | None:
        """None for what there is not; a file of the UI comes before one that a test put beside it."""
        if path == PAGE_SHEET:
            return page_sheet(WEBUI)
        file = WEBUI / path.lstrip("/")
        return file.read_bytes() if file.is_file() and file.suffix in _TYPES else self.files.get(path)

    def _kin(self, route: str) -> str:
        """Whoever asks to edit a draft gets it as it is read, unless a test says otherwise."""
        return route.replace("POST", "GET").removesuffix("/editor") if route.endswith("/editor") else ""

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "Date": self.date}
        )
        await response.prepare(request)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._streams.add(queue)
        snapshot = f"id: t-{self._seq}\nevent: snapshot\ndata: ".encode() + msgspec.json.encode(self.topics)
        try:
            await response.write(snapshot + b"\n\n")
            while (event := await queue.get()) is not None:
                await response.write(event)
        except ConnectionError:
            return response
        finally:
            self._streams.discard(queue)
        return response


class Refusal(Exception):
    """An error answer in the API's form, words from the real catalogue."""

    def __init__(self, status: int, code: str, *, field: str = "", **params: str | int) -> None:
        super().__init__(code)
        self._status = status
        self._detail: Json = {
            "code": code,
            "retry": "never",
            "params": params,
            "words": load_catalogue().error("zh-Hant-TW", code, params),
        }
        if field:
            self._detail["field"] = field

    def response(self) -> web.Response:
        response = encode({"error": self._detail})
        response.set_status(self._status)
        return response


def _vanish(request: web.Request) -> web.Response:
    """Break the connection instead of answering."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


async def _break_off(request: web.Request) -> web.StreamResponse:
    """Vanish in the middle of the answer; Chromium itself would ask again when there is none at all."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100"})
    await response.prepare(request)
    await response.write(b"{")
    if request.transport is not None:
        request.transport.abort()
    return response
