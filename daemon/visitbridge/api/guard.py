"""What every request passes before anything of ours runs: Host, Origin, errors, security headers.

Order: exact Host allow-list, then origin on writes. Body limit, session and access rule follow in
``dispatch.py``. Errors of all of them are turned into answers here, and only here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from ipaddress import IPv6Address, ip_address

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from visitbridge.api.access_log import REFUSED, bug_fields
from visitbridge.api.problems import problem_response
from visitbridge.errors import (
    HostRefused,
    MethodRefused,
    NotFound,
    OriginRefused,
    RequestError,
    VisitBridgeError,
)
from visitbridge.words import Catalogue

log = logging.getLogger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD"})
API_PREFIX = "/api/"

_DIRECTIVES = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
CONTENT_SECURITY_POLICY = "; ".join(_DIRECTIVES)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def authorities(hosts: Iterable[str], port: int, *, default: int = 443) -> frozenset[str]:
    """The exact Host header values for ``hosts`` on ``port``, lower case, IPv6 in brackets.

    ``default``: the port that is not named: 443 for HTTPS, 80 in plain HTTP.
    """
    found: set[str] = set()
    for host in hosts:
        name = f"[{host.lower()}]" if _is_ipv6(host) else host.lower()
        found.add(f"{name}:{port}")
        if port == default:
            found.add(name)
    return frozenset(found)


class Guard:
    """``allowed`` is set once the port is known; until then every request is refused. ``absent``: what is said of an
    address that this server does not have.
    """

    def __init__(
        self,
        words: Catalogue,
        *,
        absent: Callable[[], VisitBridgeError] = lambda: NotFound("no such address"),
    ) -> None:
        self._words = words
        self._absent = absent
        self.allowed: frozenset[str] = frozenset()

    def check(self, request: web.Request) -> None:
        """Raises HostRefused or OriginRefused."""
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.allowed:
            raise HostRefused("host is not on the allow-list")
        if not request.raw_path.startswith("/"):
            # RFC 9112 §3.2.2: a target with an authority of its own outranks the header that was checked.
            raise HostRefused("the request names a host outside its header")
        if request.method not in SAFE_METHODS:
            self._check_origin(request, hosts[0].lower())

    def _check_origin(self, request: web.Request, host: str) -> None:
        """A write names this very origin. A browser that sends Sec-Fetch-Site must say same-origin too."""
        origins = request.headers.getall("Origin", [])
        sites = request.headers.getall("Sec-Fetch-Site", ["same-origin"])
        if [origin.lower() for origin in origins] != [f"https://{host}"] or sites != ["same-origin"]:
            raise OriginRefused("write from another origin")

    def middleware(self) -> Middleware:
        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                self.check(request)
                return await handler(request)
            except VisitBridgeError as exc:
                return self.refusal(request, exc)
            except web.HTTPNotFound:
                return self.refusal(request, self._absent())
            except web.HTTPMethodNotAllowed as exc:
                response = self.refusal(request, MethodRefused("method not allowed"))
                response.headers["Allow"] = ", ".join(sorted(exc.allowed_methods))
                return response
            except web.HTTPException as exc:
                log.info("refused by the HTTP layer", extra={"fields": {"status": exc.status}})
                return self.refusal(request, RequestError("refused by the HTTP layer"))
            except Exception as exc:  # noqa: BLE001 - the one place where a bug becomes an answer
                log.error("unexpected error", extra={"fields": bug_fields(exc)})
                return self.refusal(request, VisitBridgeError("unexpected error"))

        return guarded

    def refusal(self, request: web.Request, error: VisitBridgeError) -> web.Response:
        request[REFUSED] = error.code
        language = self._words.choose(request.headers.get("Accept-Language", ""))
        return problem_response(error, self._words, language)


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler of ``on_response_prepare``: it sees every response, refusals and static files included."""
    response.headers.update(_HEADERS)
    response.headers.popall("Server", None)
    if request.path.startswith(API_PREFIX):
        response.headers.setdefault("Cache-Control", "no-store")


def _is_ipv6(host: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address)
    except ValueError:
        return False
