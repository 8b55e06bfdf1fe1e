"""One line per request: method, route, status, time. Never the path as sent, a query, a header or an address."""

from __future__ import annotations

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger


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
        self.logger.info("request", extra={"fields": fields})


def _template(request: web.BaseRequest) -> str:
    route = request.match_info.route if isinstance(request, web.Request) else None
    resource = route.resource if route is not None else None
    return resource.canonical if resource is not None else "-"
