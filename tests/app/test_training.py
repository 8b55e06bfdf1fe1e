"""The door to the training rooms, and what is carried through it (ux §3.9, T08)."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from tests.patience import PATIENCE_S
from visitbridge.adapters.tls import open_box_tls
from visitbridge.api.dispatch import COOKIE
from visitbridge.api.forwarding import Forwarder
from visitbridge.api.guard import Guard
from visitbridge.api.resources.training import Training
from visitbridge.api.training_cookie import TRAINING_COOKIE
from visitbridge.domain.people import BoxRole
from visitbridge.errors import NotPaired
from visitbridge.ports.records import PairedPhone
from visitbridge.ports.training import RoomsAddress, RoomsPhase
from visitbridge.words import load_catalogue

BEGAN = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)
REAL, INSIDE = "real-session-0001", "inside-session-0001"


class Rooms:
    """Rooms whose gateway is whatever serves at ``address``."""

    def __init__(self) -> None:
        self.address: RoomsAddress | None = None
        self.used = 0
        self.orders: list[str] = []
        self.has_failed = False

    @property
    def phase(self) -> RoomsPhase:
        return RoomsPhase.OPEN if self.address else RoomsPhase.CLOSED

    def open(self) -> None:
        self.orders.append("open")

    def close(self, *, keep: bool) -> None:
        self.orders.append(f"close keep={keep}")

    def note_use(self) -> None:
        self.used += 1

    async def admit(self, phone_id: str, name: str, role: BoxRole) -> str:
        self.orders.append(f"admit {phone_id} {name} {role}")
        return INSIDE


class Phones:
    async def authenticate(self, cookie: str) -> PairedPhone:
        if cookie != REAL:
            raise NotPaired
        return PairedPhone(phone_id="p", name="手機", token_hash="", paired_at=BEGAN, used_at=BEGAN)

    def role(self, phone_id: str) -> BoxRole:
        return BoxRole.USER


class Inside:
    """The rooms' gateway: says what it was asked, and streams until it is told to end."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, bytes]] = []
        self.cookies: list[str] = []
        self.ended = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append((request.method, request.raw_path, request.headers.get("Origin", ""), body))
        self.cookies.append(request.headers.get("Cookie", ""))
        if request.path == "/api/events":
            stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await stream.prepare(request)
            await stream.write(b"event: snapshot\n\n")
            await self.ended.wait()
            return stream
        response = web.json_response({"inside": True}, status=201)
        response.set_cookie(COOKIE, "inside-session-0002", secure=True, httponly=True, samesite="Strict")
        return response


class House:
    """A real server with the door, and behind it the rooms."""

    def __init__(self, rooms: Rooms, inside: Inside) -> None:
        self.rooms, self.inside = rooms, inside
        self.reached: list[str] = []
        self.card_in_hand = False
        self.dropped: list[str] = []
        self.url = ""
        self.http: aiohttp.ClientSession

    async def ask(
        self, method: str, path: str, *, cookies: dict[str, str], **given: Any
    ) -> aiohttp.ClientResponse:
        headers = {
            "Origin": self.url,
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        } | given.pop("headers", {})
        answer = await self.http.request(
            method, URL(f"{self.url}{path}", encoded=True), headers=headers, **given
        )
        await answer.read()
        return answer


@contextlib.asynccontextmanager
async def serving(app: web.Application, tls: ssl.SSLContext) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    now = dt.datetime.now(dt.UTC)
    outer = open_box_tls(tmp_path / "outer", ("127.0.0.1",), now, name="outer")
    inner = open_box_tls(tmp_path / "inner", ("127.0.0.1",), now, name="inner")
    assert outer.ca_file is not None
    assert inner.ca_file is not None
    inside = Inside()
    house = House(Rooms(), inside)
    rooms_app = web.Application()
    rooms_app.router.add_route("*", "/{tail:.*}", inside.answer)
    forwarder = Forwarder(house.rooms, Phones())
    guard = Guard(load_catalogue())
    door = Training(
        house.rooms,
        role=Phones().role,
        card_in_hand=lambda: house.card_in_hand,
        gone_in=house.dropped.append,
    )
    routes: dict[tuple[str, str], Any] = {(route.method, route.path): route for route in door.routes()}

    async def real(request: web.Request) -> web.StreamResponse:
        house.reached.append(request.path)
        route = routes.get((request.method, request.path))
        if route is None or not request.path.endswith(("enter", "leave")):
            return web.json_response({"inside": False})
        phone = await Phones().authenticate(request.cookies.get(COOKIE, ""))
        answer: web.StreamResponse = await route.handler(request, phone)
        return answer

    app = web.Application(middlewares=[guard.middleware(), forwarder.middleware()])
    app.router.add_route("*", "/{tail:.*}", real)
    async with (
        serving(rooms_app, inner.context) as inner_url,
        serving(app, outer.context) as house.url,
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=outer.ca_file)),
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as house.http,
    ):
        guard.allowed = frozenset({house.url.removeprefix("https://")})
        house.rooms.address = RoomsAddress(url=f"{inner_url}/", ca_pem=inner.ca_file.read_text("ascii"))
        yield house
        inside.ended.set()
    await forwarder.close()


BOTH = {COOKIE: REAL, TRAINING_COOKIE: INSIDE}


async def test_without_the_mark_nothing_is_carried(house: House) -> None:
    answer = await house.ask("GET", "/api/state", cookies={COOKIE: REAL})

    assert await answer.json() == {"inside": False}
    assert house.inside.asked == []


async def test_what_a_marked_phone_asks_never_reaches_the_box(house: House) -> None:
    answer = await house.ask("PUT", "/api/visits/x/content?a=%2F", cookies=BOTH, json={"revision": 1})

    assert (answer.status, await answer.json()) == (201, {"inside": True})
    assert house.reached == []
    ((method, path, origin, body),) = house.inside.asked
    assert (method, path, body) == ("PUT", "/api/visits/x/content?a=%2F", b'{"revision": 1}')
    assert origin == (house.rooms.address or RoomsAddress(url="", ca_pem="")).url.rstrip("/")
    assert house.rooms.used == 1


async def test_the_rooms_never_see_the_real_session(house: House) -> None:
    await house.ask("GET", "/api/state", cookies=BOTH)

    assert house.inside.cookies == [f"{COOKIE}={INSIDE}"]


async def test_a_session_that_the_rooms_renew_stays_theirs(house: House) -> None:
    answer = await house.ask("POST", "/api/lab/time", cookies=BOTH, json={})

    (cookie,) = answer.headers.getall("Set-Cookie")
    assert cookie.startswith(f"{TRAINING_COOKIE}=inside-session-0002;")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"))


@pytest.mark.parametrize("path", ["/api/training", "/api/words/en", "/api/openapi.json", "/app.js"])
async def test_the_door_and_the_page_itself_stay_the_boxs(house: House, path: str) -> None:
    await house.ask("GET", path, cookies=BOTH)

    assert (house.reached, house.inside.asked) == ([path], [])


async def test_a_phone_that_was_removed_from_the_box_is_out_of_the_rooms_too(house: House) -> None:
    answer = await house.ask("GET", "/api/state", cookies={COOKIE: "gone", TRAINING_COOKIE: INSIDE})

    assert answer.status == 401
    assert (house.reached, house.inside.asked) == ([], [])


async def test_when_the_rooms_have_closed_nothing_falls_back_to_the_box(house: House) -> None:
    house.rooms.address = None

    answer = await house.ask("PUT", "/api/visits/x/content", cookies=BOTH, json={})

    assert (answer.status, (await answer.json())["error"]["code"]) == (409, "GW-ACC-14")
    assert house.reached == []


@pytest.mark.parametrize("session", ["x", '"a; b=c"', "a" * 201, "%0d%0a" * 8])
async def test_a_mark_that_is_no_session_is_carried_nowhere(house: House, session: str) -> None:
    answer = await house.ask("GET", "/api/state", cookies={COOKIE: REAL, TRAINING_COOKIE: session})

    assert answer.status == 409
    assert (house.reached, house.inside.asked) == ([], [])


async def test_the_guard_stands_before_the_door(house: House) -> None:
    answer = await house.ask(
        "POST", "/api/visits", cookies=BOTH, headers={"Origin": "https://elsewhere"}, json={}
    )

    assert (answer.status, house.inside.asked) == (403, [])


async def test_a_stream_arrives_piece_by_piece(house: House) -> None:
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in BOTH.items())}
    async with house.http.get(f"{house.url}/api/events", headers=headers) as answer:
        first = await asyncio.wait_for(answer.content.readline(), PATIENCE_S)
        house.inside.ended.set()
        rest = await asyncio.wait_for(answer.read(), PATIENCE_S)

    assert (first, rest) == (b"event: snapshot\n", b"\n")


async def test_rooms_that_do_not_answer_are_an_error_of_a_device(house: House) -> None:
    house.rooms.address = RoomsAddress(
        url="https://127.0.0.1:1/", ca_pem=(house.rooms.address or RoomsAddress(url="", ca_pem="")).ca_pem
    )

    answer = await house.ask("GET", "/api/state", cookies=BOTH)

    assert (answer.status, (await answer.json())["error"]["code"]) == (503, "GW-DEV-00")


async def test_T08_going_in_marks_the_phone_and_ends_its_other_pages(house: House) -> None:
    answer = await house.ask("POST", "/api/training/enter", cookies={COOKIE: REAL})

    (cookie,) = answer.headers.getall("Set-Cookie")
    assert cookie.startswith(f"{TRAINING_COOKIE}={INSIDE};")
    assert house.rooms.orders == ["admit p 手機 user"]
    assert house.dropped == ["p"]


async def test_nobody_goes_in_while_a_card_is_read_or_written(house: House) -> None:
    house.card_in_hand = True

    answer = await house.ask("POST", "/api/training/enter", cookies={COOKIE: REAL})

    assert (answer.status, (await answer.json())["error"]["code"]) == (409, "GW-ACC-15")
    assert house.rooms.orders == []


async def test_coming_out_takes_the_mark_away(house: House) -> None:
    answer = await house.ask("POST", "/api/training/leave", cookies=BOTH)

    (cookie,) = answer.headers.getall("Set-Cookie")
    assert cookie.startswith(f'{TRAINING_COOKIE}="";')
    assert "Max-Age=0" in cookie
    assert "Secure" in cookie
