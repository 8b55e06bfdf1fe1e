"""One line per request: method, route, status, time; what was refused also by its code, and for which phone.

Never the path as sent, a query, a header or an address. A stranger who is refused a million times turns over the journal,
which is kept small (systemd/journald.conf.d), and not the audit trail, which is kept for years.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

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
    route = request.match_info.route if isinstance(request, web.Request) else None
    resource = route.resource if route is not None else None
    return resource.canonical if resource is not None else "-"
