"""Read and decode what a phone sends, within limits."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from weakref import WeakValueDictionary

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from visitbridge.api.routes import Route
from visitbridge.api.strict import unknown_key
from visitbridge.errors import BodyTooLarge, MalformedBody

READ_BUDGET_S = 30.0

_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<path>[^`]*)`)?$", re.DOTALL)


class LargeBodies:
    """One from each phone at a time, from its first byte to its answer: whatever a phone sends, it takes the memory of one."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def turn(self, phone_id: str) -> asyncio.Lock:
        return self._turns.setdefault(phone_id, asyncio.Lock())


def refuse_oversize(request: web.Request, limit_bytes: int) -> None:
    """Refuse by the announced length, before a byte of the body is read."""
    if (request.content_length or 0) > limit_bytes:
        raise _too_large(limit_bytes)


async def read_body(request: web.Request, limit_bytes: int) -> bytearray:
    """The whole body, at most ``limit_bytes``, within :data:`READ_BUDGET_S`.

    Returned as a bytearray, so that the caller can wipe it: it may hold a PIN.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(READ_BUDGET_S):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limit_bytes:
                    raise _too_large(limit_bytes)
    except TimeoutError as exc:
        raise MalformedBody("the body did not arrive in time") from exc
    except (HttpProcessingError, web.RequestPayloadError) as exc:
        raise MalformedBody("the body's transfer coding is broken") from exc
    return body


def decode_body(route: Route[Any, Any, Any], content_type: str, body: bytearray) -> Any:
    """Raises MalformedBody with the path of the field at fault."""
    if route.body is None:
        if bytes(body).strip() not in {b"", b"{}"}:
            raise MalformedBody("this operation takes no body")
        return None
    if content_type not in route.consumes:
        raise MalformedBody("unexpected media type", field="content-type")
    if route.takes_photo:
        return bytes(body)
    try:
        decoded = msgspec.json.decode(body, type=route.body)
        unknown = unknown_key(route.body, body)
    except msgspec.ValidationError as exc:
        raise _malformed(exc) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedBody("not JSON") from exc
    if unknown is not None:
        raise MalformedBody("unknown field", field=unknown)
    return decoded


def decode_query(route: Route[Any, Any, Any], request: web.Request) -> Any:
    """Raises MalformedBody naming the parameter at fault."""
    raw: dict[str, str] = {}
    for name, value in request.query.items():
        if name in raw:
            raise MalformedBody("a parameter is given twice", field=name)
        raw[name] = value
    try:
        return msgspec.convert(raw, route.query, strict=False)
    except msgspec.ValidationError as exc:
        raise _malformed(exc) from None


def _malformed(error: msgspec.ValidationError) -> MalformedBody:
    """The validator's message says what was expected, never what was sent, except for enum values and keys.

    Those quote the input, so only the path is taken over for them.
    """
    match = _AT.match(str(error))
    what, path = (match["what"], match["path"] or "") if match else ("", "")
    unknown = re.search(r"unknown field `([^`]*)`", what)
    if unknown:
        path = f"{path}.{unknown[1]}".lstrip(".")[:200]
        what = "unknown field"
    missing = re.search(r"missing required field `([^`]*)`", what)
    if missing:
        path = f"{path}.{missing[1]}".lstrip(".")
    if what.startswith("Invalid"):
        what = "not one of the values allowed"
    return MalformedBody(what, field=path or None)


def _too_large(limit_bytes: int) -> BodyTooLarge:
    return BodyTooLarge("body over the limit", params={"limit_kb": limit_bytes // 1024})
