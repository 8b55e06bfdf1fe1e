"""What the HTTP server writes down. One line per request: method, route, status, time; what was refused also by its code, and for which phone.

Never the path as sent, a query, a header or an address; nor of bytes that are no request, which the library would quote. A stranger who is refused a million times turns over the journal,
which is kept small (systemd/journald.conf.d), and not the audit trail, which is kept for years.
"""

from __future__ import annotations

import logging
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http_exceptions import HttpProcessingError

REFUSED: Final = web.RequestKey("refused", str)
PHONE: Final = web.RequestKey("phone", str)
"""What a request carries for its line: the error's code, and the id of the paired phone that sent it."""


class AccessLog(AbstractAccessLogger):
    """Writes the route's template (``/api/visits/{visit_id}``), so no id of a visit or a card gets in."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        fields = {
            "method": request.method if request.method.isalpha() and len(request.method) <= 10 else "?",
            "route": _template(request),
            "status": response.status,
            "ms": round(time * 1000, 1),
            "bytes": response.body_length,
        }
        for name, carried in (("refused", REFUSED), ("phone", PHONE)):
            if REFUSED in request and carried in request:
                fields[name] = request[carried]
        self.logger.info("request", extra={"fields": fields})


def _template(request: web.BaseRequest) -> str:
    """``-`` for what leads nowhere, and for what was no request: of that the library makes one without any header."""
    if not isinstance(request, web.Request) or not request.headers:
        return "-"
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "-"


def bug_fields(error: BaseException) -> dict[str, str]:
    """Where a bug happened, without its message or values, which may hold personal data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace is not None else ""
    return {"error": type(error).__qualname__, "place": place}


class WithoutContent(logging.Filter):
    """For the library's own log: what went wrong and where, without what was sent. What was no request has its line in the
    access log already.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            return False
        record.msg, record.args = "trouble in the HTTP server", ()
        record.exc_info = record.exc_text = None
        vars(record)["fields"] = {} if error is None else bug_fields(error)
        return True
