"""Misbehaviour on order: what the stand-in can be told to do to one request (data-centre.md §4).

Deterministic: a fault names a kind of request and which of its occurrences it hits, counted from the moment it was
set. Exists only in a lab portal; nothing else imports this module.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from msgspec import Meta

from visitbridge.protocols.datacentre.common import HEADER_EPOCH, CheckFinding, ProblemCode
from vpnportal.problems import Refusal, checks_failed, refuse
from vpnportal.routes.uploads import HOLD, Hold
from vpnportal.routing import certificate_serial, resource_of
from vpnportal.wire import problem_answer

ANY_ROUTE = "*"
WRONG_EPOCH = "0" * 32


class FaultKind(enum.StrEnum):
    """What happens to the request that a fault hits.

    ``delay``: held for ``seconds``, or until faults are cleared, then served. ``delay_work``: the same, but after its key was claimed, so that it
    is seen as in progress. ``stall``: held for ``seconds``, or until faults are cleared, and never served.
    ``refuse``: the connection is cut before anything is done. ``error_500``, ``unavailable_503``: answered so before
    anything is done. ``malformed_body``: served, and the answer garbled. ``wrong_epoch``: served, under another
    epoch. ``lose_reply``: served, and the connection cut before the answer. ``accept_twice``: served twice over, as
    if the network had doubled it. ``reject``: refused with a check code. ``expire_certificate``,
    ``revoke_certificate``, ``expire_token``, ``disable_device``: done to the box that sent it, then served.
    ``clock_offset``: the portal's clock jumps, then served. ``restore``: the database goes back to a named backup,
    then served.
    """

    DELAY = "delay"
    DELAY_WORK = "delay_work"
    STALL = "stall"
    REFUSE = "refuse"
    ERROR_500 = "error_500"
    UNAVAILABLE_503 = "unavailable_503"
    MALFORMED_BODY = "malformed_body"
    WRONG_EPOCH = "wrong_epoch"
    LOSE_REPLY = "lose_reply"
    ACCEPT_TWICE = "accept_twice"
    REJECT = "reject"
    EXPIRE_CERTIFICATE = "expire_certificate"
    REVOKE_CERTIFICATE = "revoke_certificate"
    EXPIRE_TOKEN = "expire_token"  # noqa: S105 - the name of a fault
    DISABLE_DEVICE = "disable_device"
    CLOCK_OFFSET = "clock_offset"
    RESTORE = "restore"


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One order. ``route``: ``METHOD /path`` below the base path with its templates, or ``*`` for every request.

    It hits occurrences ``occurrence`` to ``occurrence + times - 1``. The rest are the parameters of the kinds.
    """

    route: str
    fault: FaultKind
    occurrence: Annotated[int, Meta(ge=1)] = 1
    times: Annotated[int, Meta(ge=1)] = 1
    seconds: Annotated[float, Meta(ge=0, le=3600)] = 60.0
    retry_after_s: Annotated[int, Meta(ge=0, le=3600)] = 1
    check_code: str = "AD"
    field: str = ""
    words: str = "測試退件"
    offset_s: float = 0.0
    backup: str = ""


class ArmedFault(msgspec.Struct, kw_only=True):
    """A fault with how many requests of its route came since it was set, and how many of them it hit."""

    fault: Fault
    seen: int = 0
    hit: int = 0


class FaultBoard:
    """The faults that are set."""

    def __init__(self) -> None:
        self._armed: list[ArmedFault] = []
        self._released = asyncio.Event()

    @property
    def armed(self) -> tuple[ArmedFault, ...]:
        return tuple(self._armed)

    def arm(self, fault: Fault) -> None:
        self._armed.append(ArmedFault(fault=fault))

    def clear(self) -> None:
        """Forget all faults and let go of stalled requests."""
        self._armed.clear()
        self._released.set()
        self._released = asyncio.Event()

    def hitting(self, resource: str) -> tuple[Fault, ...]:
        """Count a request and say which faults hit it, in the order in which they were set."""
        hit = []
        for armed in self._armed:
            if armed.fault.route not in {resource, ANY_ROUTE}:
                continue
            armed.seen += 1
            first = armed.fault.occurrence
            if first <= armed.seen < first + armed.fault.times:
                armed.hit += 1
                hit.append(armed.fault)
        return tuple(hit)

    async def wait_released(self, timeout_s: float) -> None:
        """Return when faults are cleared, or after ``timeout_s``."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._released.wait()
        except TimeoutError:
            return


Act = Callable[[Fault, str | None], Awaitable[None]]
"""Does to the portal or to a box what a fault orders; gets the serial of the box's certificate."""

_STATEFUL = frozenset(
    {
        FaultKind.EXPIRE_CERTIFICATE,
        FaultKind.REVOKE_CERTIFICATE,
        FaultKind.EXPIRE_TOKEN,
        FaultKind.DISABLE_DEVICE,
        FaultKind.CLOCK_OFFSET,
        FaultKind.RESTORE,
    }
)


def fault_middleware(board: FaultBoard, act: Act) -> Middleware:
    """Serve every request through the faults that hit it; ``act`` carries out those that change state."""

    @web.middleware
    async def misbehave(request: web.Request, handler: Handler) -> web.StreamResponse:
        faults = board.hitting(resource_of(request))
        for fault in faults:
            if fault.fault in _STATEFUL:
                await act(fault, certificate_serial(request))
            elif not await _let_in(fault, request, board):
                return _cut(request)
        served = await _serve(request, handler, twice=any(f.fault is FaultKind.ACCEPT_TWICE for f in faults))
        for fault in faults:
            served = _spoil(fault, request, served)
        return served

    return misbehave


async def _let_in(fault: Fault, request: web.Request, board: FaultBoard) -> bool:
    """Misbehave before the request is served; False cuts its connection. Raises Refusal for an early answer."""
    match fault.fault:
        case FaultKind.DELAY:
            await board.wait_released(fault.seconds)
        case FaultKind.DELAY_WORK:
            request[HOLD] = Hold(lambda: board.wait_released(fault.seconds))
        case FaultKind.STALL:
            await board.wait_released(fault.seconds)
            return False
        case FaultKind.REFUSE:
            return False
        case FaultKind.ERROR_500:
            raise refuse(
                500, ProblemCode.UNAVAILABLE, retry="later", title="fault: 500", words="系統錯誤（測試）"
            )
        case FaultKind.UNAVAILABLE_503:
            raise refuse(
                503,
                ProblemCode.UNAVAILABLE,
                retry="later",
                title="fault: 503",
                words="系統忙碌（測試）",
                retry_after_s=fault.retry_after_s,
            )
        case FaultKind.REJECT:
            finding = CheckFinding(code=fault.check_code, field=fault.field, words=fault.words)
            raise checks_failed((finding,))
        case _:
            pass
    return True


async def _serve(request: web.Request, handler: Handler, *, twice: bool) -> web.StreamResponse:
    try:
        if twice:
            await handler(request)
        return await handler(request)
    except Refusal as refusal:
        return problem_answer(refusal)


def _spoil(fault: Fault, request: web.Request, served: web.StreamResponse) -> web.StreamResponse:
    """Misbehave with the answer of a request that was served."""
    match fault.fault:
        case FaultKind.MALFORMED_BODY:
            return web.Response(status=served.status, body=b'{"broken', content_type="application/json")
        case FaultKind.WRONG_EPOCH:
            served.headers[HEADER_EPOCH] = WRONG_EPOCH
        case FaultKind.LOSE_REPLY:
            return _cut(request)
        case _:
            pass
    return served


def _cut(request: web.Request) -> web.Response:
    """Abort the connection; what is returned is written to nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
