"""Between HTTP and messages: bodies in, answers and problems out."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec
from aiohttp import web

from visitbridge.protocols.datacentre.common import HEADER_KEY, PROBLEM_TYPE
from vpnportal.problems import Refusal, malformed

M = TypeVar("M")

_KEY = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")


def decode(body: bytes, message: type[M]) -> M:
    """Decode a JSON body. Raises Refusal malformed, naming the field but never quoting the body."""
    try:
        return msgspec.json.decode(body, type=message)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        where = _AT.search(str(exc))
        field = where["path"].lstrip(".") if where else ""
        raise malformed("the body is not the JSON that this call takes", field=field) from exc


async def read_message(request: web.Request, message: type[M]) -> M:
    return decode(await request.read(), message)


def well_formed_key(key: str, field: str) -> str:
    """``key`` if it is 1 to 64 of ``A-Za-z0-9._:-``. Raises Refusal malformed."""
    if not _KEY.fullmatch(key):
        raise malformed("the request needs a well-formed key", field=field)
    return key


def idempotency_key(request: web.Request) -> str:
    """The key of a mutating request. Raises Refusal malformed."""
    return well_formed_key(request.headers.get(HEADER_KEY, ""), HEADER_KEY)


def answer(message: object, *, status: int = 200) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(message), content_type="application/json", charset="utf-8"
    )


def problem_answer(refusal: Refusal) -> web.Response:
    headers = {} if refusal.retry_after_s is None else {"Retry-After": str(refusal.retry_after_s)}
    return web.Response(
        status=refusal.problem.status,
        body=msgspec.json.encode(refusal.problem),
        content_type=PROBLEM_TYPE,
        headers=headers,
    )
