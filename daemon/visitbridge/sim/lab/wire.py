"""JSON over HTTP on a unix socket, with errors as answers: how the lab's switches are served."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from aiohttp import web

from visitbridge.errors import FieldInvalid, MalformedBody, NotFound, VisitBridgeError

MessageT = TypeVar("MessageT")

LARGEST_BODY = 65536


async def read(request: web.Request, message_type: type[MessageT]) -> MessageT:
    """The request's body. Raises FieldInvalid, MalformedBody."""
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=message_type)
    except msgspec.ValidationError as exc:
        raise FieldInvalid(str(exc)) from exc
    except msgspec.DecodeError as exc:
        raise MalformedBody(str(exc)) from exc


def answer(message: object, *, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(message), status=status, content_type="application/json")


@contextlib.asynccontextmanager
async def open_socket(routes: list[web.RouteDef], socket_path: Path) -> AsyncIterator[None]:
    """Serve until the block ends."""
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[_in_words])
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(socket_path)).start()
        yield
    finally:
        await runner.cleanup()


@web.middleware
async def _in_words(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except VisitBridgeError as exc:
        status = _STATUS.get(type(exc), 503)
        return answer({"error": {"code": exc.code, "detail": exc.detail, "field": exc.field}}, status=status)


_STATUS: dict[type[VisitBridgeError], Literal[400, 404, 422]] = {
    MalformedBody: 400,
    NotFound: 404,
    FieldInvalid: 422,
}
