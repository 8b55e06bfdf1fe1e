"""10,000 requests as a hostile page, a rebound name or a crafted client would send them: none reaches a handler.

Each carries the cookie of the owner's phone with every right, so nothing but the guard is in its way.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.security.gate import ROUTES, address, open_gate, person, request_bytes
from visitbridge.api.routes import AnyRoute, NoQuery, Route
from visitbridge.domain.people import BoxRole, Right

REQUESTS = 10_000
OWNER = {"owner": BoxRole.OWNER}

HOSTS = (
    "evil.example",
    "127.0.0.1",
    "127.0.0.1:1",
    "127.0.0.1:{port}.evil.example",
    "localhost.evil.example:{port}",
    "localhost.:{port}",
    "127.1:{port}",
    "0x7f000001:{port}",
    "2130706433:{port}",
    "0.0.0.0:{port}",
    "[::ffff:127.0.0.1]:{port}",
    "[::1]:{port}",
    "user@127.0.0.1:{port}",
    "127.0.0.1:{port},evil.example",
    "127.0.0.1:0{port}",
    "xn--loclhost-b0a:{port}",
    "visitbridge.local",
    "",
)
ORIGINS = (
    (),
    ("null",),
    ("https://evil.example",),
    ("http://127.0.0.1:{port}",),
    ("https://127.0.0.1",),
    ("https://localhost:{port}",),
    ("https://127.0.0.1:{port}/",),
    ("https://127.0.0.1:{port}.evil.example",),
    ("https://user@127.0.0.1:{port}",),
    ("https://127.0.0.1:{port} https://evil.example",),
    ("https://127.0.0.1:{port}", "https://evil.example"),
    ("https://127.0.0.1:{port}", "https://127.0.0.1:{port}"),
    ("file://",),
    ("",),
)
SITES = ("cross-site", "same-site", "none", "SAME-ORIGIN", "")
REFERERS = ("", "https://evil.example/", "https://127.0.0.1:{port}/", "about:blank")
MEDIA = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/json",
    "",
)
METHODS = ("TRACE", "OPTIONS", "PATCH", "PROPFIND", "PURGE", "get", "X")
WRITES = [route for route in ROUTES if route.method != "GET"]
JSON_WRITES = [route for route in WRITES if isinstance(route, Route) and route.body not in {None, bytes}]

Headers = list[tuple[str, str]]


def _own(method: str) -> Headers:
    return [("Host", "127.0.0.1:{port}"), ("Origin", "https://127.0.0.1:{port}"), ("X-Tried", method)]


def _hostile_host(rng: random.Random) -> tuple[str, AnyRoute, Headers]:
    route = rng.choice(ROUTES)
    host = rng.choice(HOSTS)
    return (
        route.method,
        route,
        [("Host", host), ("Origin", f"https://{host}"), ("Sec-Fetch-Site", "same-origin")],
    )


def _two_hosts(rng: random.Random) -> tuple[str, AnyRoute, Headers]:
    route = rng.choice(ROUTES)
    hosts = [("Host", "127.0.0.1:{port}"), ("Host", rng.choice(("127.0.0.1:{port}", *HOSTS)))]
    rng.shuffle(hosts)
    return route.method, route, [*hosts, ("Origin", "https://127.0.0.1:{port}")]


def _hostile_origin(rng: random.Random) -> tuple[str, AnyRoute, Headers]:
    route = rng.choice(WRITES)
    origins = [("Origin", origin) for origin in rng.choice(ORIGINS)]
    sites = rng.choice(([], [("Sec-Fetch-Site", rng.choice((*SITES, "same-origin")))]))
    return route.method, route, [("Host", "127.0.0.1:{port}"), *origins, *sites]


def _hostile_site(rng: random.Random) -> tuple[str, AnyRoute, Headers]:
    route = rng.choice(WRITES)
    return route.method, route, [*_own("site"), ("Sec-Fetch-Site", rng.choice(SITES))]


def _wrong_media(rng: random.Random) -> tuple[str, AnyRoute, Headers]:
    route = rng.choice(JSON_WRITES)
    return route.method, route, [*_own("media"), ("Content-Type", rng.choice(MEDIA))]


def _wrong_method(rng: random.Random) -> tuple[str, AnyRoute, Headers]:
    return rng.choice(METHODS), rng.choice(ROUTES), _own("method")


KINDS = (_hostile_host, _two_hosts, _hostile_origin, _hostile_site, _wrong_media, _wrong_method)


async def test_no_hostile_request_reaches_a_handler(tmp_path: Path) -> None:
    rng = random.Random(2026)
    statuses: set[int] = set()
    async with open_gate(tmp_path, OWNER) as gate, gate.open_line() as line:
        gate.people.by_phone = {"owner": person(*Right)}
        for _ in range(REQUESTS):
            method, route, headers = rng.choice(KINDS)(rng)
            sent = [*headers, ("Referer", rng.choice(REFERERS))]
            filled = [(name, value.replace("{port}", str(gate.port))) for name, value in sent]
            request = request_bytes(method, address(route), filled, phone="owner", body=b"{}")
            status, _ = await line.ask(request)
            statuses.add(status)

    assert gate.reached == []
    assert statuses == {400, 403, 405, 421}


async def test_the_same_requests_reach_it_when_they_are_honest(tmp_path: Path) -> None:
    async with open_gate(tmp_path, OWNER) as gate, gate.open_line() as line:
        gate.people.by_phone = {"owner": person(*Right)}
        for route in ROUTES:
            headers = [
                ("Host", gate.host),
                ("Origin", f"https://{gate.host}"),
                ("Sec-Fetch-Site", "same-origin"),
            ]
            await line.ask(request_bytes(route.method, address(route), headers, phone="owner"))

    bodiless = {
        f"{route.method} {route.path}"
        for route in ROUTES
        if not isinstance(route, Route) or (route.body is None and route.query is NoQuery)
    }
    assert set(gate.reached) >= bodiless


@pytest.mark.parametrize("target", ["https://evil.example/api/alive", "//evil.example/api/alive"])
async def test_a_target_with_a_host_of_its_own_does_not_stand_for_the_header(
    tmp_path: Path, target: str
) -> None:
    async with open_gate(tmp_path, OWNER) as gate, gate.open_line() as line:
        status, _ = await line.ask(request_bytes("GET", target, [("Host", gate.host)], phone="owner"))

    assert (status >= 400, gate.reached) == (True, [])
