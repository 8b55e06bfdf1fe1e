"""Routes behind the guard, and what every answer carries: problems, epoch, time."""

from __future__ import annotations

import datetime as dt
import logging
import traceback
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler
from sqlalchemy import Connection

from visitbridge.protocols.datacentre.common import BASE_PATH, HEADER_EPOCH, HEADER_TIME, ProblemCode
from vpnportal.callers import Caller, Need, admit
from vpnportal.clock import PortalClock
from vpnportal.database import Database
from vpnportal.devices import note_contact
from vpnportal.problems import Refusal, refuse
from vpnportal.wire import problem_answer

_log = logging.getLogger(__name__)

GuardedHandler = Callable[[web.Request, Caller], Awaitable[web.StreamResponse]]


class Guard:
    """Lets a request through to its handler when the box behind it may make the call."""

    def __init__(self, database: Database, clock: PortalClock) -> None:
        self._database = database
        self._clock = clock

    def add(self, app: web.Application, method: str, path: str, need: Need, handler: GuardedHandler) -> None:
        """Add a route under the protocol's base path."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            serial, now = certificate_serial(request), self._clock.now()
            caller = await self._database.run(lambda connection: _heard(connection, serial, need, now))
            return await handler(request, caller)

        app.router.add_route(method, BASE_PATH + path, guarded)


def _heard(connection: Connection, serial: str | None, need: Need, now: dt.datetime) -> Caller:
    caller = admit(connection, serial, need, now)
    note_contact(connection, caller.device, now)
    return caller


def stamp_answers(app: web.Application, database: Database, clock: PortalClock) -> None:
    """Give every answer, errors included, the database's epoch and the portal's time."""

    async def stamp(_: web.Request, response: web.StreamResponse) -> None:
        response.headers.setdefault(HEADER_EPOCH, database.epoch)
        response.headers[HEADER_TIME] = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        response.headers.setdefault("Cache-Control", "no-store")

    app.on_response_prepare.append(stamp)


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn everything that is raised into a problem document (RFC 9457)."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return problem_answer(refusal)
    except web.HTTPException as exc:
        code = ProblemCode.NOT_FOUND if exc.status == 404 else ProblemCode.MALFORMED
        return problem_answer(refuse(exc.status, code, title=exc.reason, words="無此服務或要求不符格式。"))
    except Exception as exc:  # noqa: BLE001 - the one place that turns a bug into an answer
        # Frames only: the exception's text may quote what was sent.
        frames = "".join(traceback.format_tb(exc.__traceback__))
        _log.error("%s %s failed: %s\n%s", request.method, _resource(request), type(exc).__name__, frames)
        return problem_answer(
            refuse(
                500,
                ProblemCode.UNAVAILABLE,
                retry="unknown",
                title="an error on this side",
                words="對方系統發生錯誤，請稍後查詢是否已受理。",
            )
        )


def resource_of(request: web.Request) -> str:
    """``METHOD /path/{template}`` of the protocol's own paths, as faults and logs name a kind of request."""
    return f"{request.method} {_resource(request).removeprefix(BASE_PATH)}"


def _resource(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "(unknown)" if resource is None else resource.canonical


def certificate_serial(request: web.Request) -> str | None:
    """Serial number of the client certificate that TLS has verified, as ``ssl`` prints it."""
    peer = request.get_extra_info("peercert")
    return str(peer["serialNumber"]) if peer else None
