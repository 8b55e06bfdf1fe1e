"""The API over real HTTPS on a free port of loopback, with a real store and the routes that a test names."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from visitbridge.adapters.store import open_store
from visitbridge.adapters.tls import open_box_tls
from visitbridge.api.cached import Document
from visitbridge.api.dispatch import COOKIE, Dispatcher
from visitbridge.api.events import EventStreams
from visitbridge.api.guard import Guard
from visitbridge.api.limits import TryLimit
from visitbridge.api.resources.documents import Documents
from visitbridge.api.resources.pairing import CardSignIn, Pairing
from visitbridge.api.resources.phones import Phones
from visitbridge.api.resources.state import LiveState, state_for
from visitbridge.api.routes import AnyRoute, RouteTable
from visitbridge.api.server import ApiServer
from visitbridge.api.viewing import viewer_of
from visitbridge.domain.people import Right
from visitbridge.errors import CardAbsent, StaffExpired
from visitbridge.ports.records import StaffSessionRow
from visitbridge.ports.store import Store
from visitbridge.services.grants import Acting
from visitbridge.services.live import LiveBoard
from visitbridge.services.pairing import PairingDesk
from visitbridge.services.phone_session import PhoneLimits
from visitbridge.services.phones import PhoneDesk
from visitbridge.services.presence import PresenceDesk
from visitbridge.sim.clock import FakeClock
from visitbridge.words import load_catalogue

IDLE_S = 900.0
WHOLE_S = 12 * 3600.0
HOSTS = ("127.0.0.1", "localhost", "::1")


@dataclass(slots=True)
class Answer:
    """What came back. ``json`` is decoded where the content type says so."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error's code; empty for a success."""
        return str(self.json["error"]["code"]) if self.status >= 400 else ""


@dataclass(slots=True)
class StaffBoard:
    """Who acts on which phone, as a test says; in reduced mode, ``in_hand`` are the visits to go on with.

    ``looks``: person, visit and phone of every call about a visit.
    """

    people: dict[str, Acting] = field(default_factory=dict)
    in_hand: set[str] = field(default_factory=set)
    looks: list[tuple[str, str, str]] = field(default_factory=list)

    def acting(self, phone_id: str) -> Acting | None:
        return self.people.get(phone_id)

    async def require(self, acting: Acting, visit_id: str) -> None:
        if visit_id not in self.in_hand:
            raise StaffExpired

    async def opened(self, acting: Acting, visit_id: str, *, phone_id: str) -> None:
        self.looks.append((acting.staff_id, visit_id, phone_id))

    def sign_in(self, phone_id: str, *rights: Right, live: bool = True) -> None:
        self.people[phone_id] = Acting(
            staff_id="D-TEST-1",
            rights=frozenset(rights),
            live=live,
            signed_in_at=dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC),
            session_id="s-1" if live else "",
        )


@dataclass(slots=True, kw_only=True)
class House:
    """A running API and a client that trusts it."""

    http: aiohttp.ClientSession
    port: int
    clock: FakeClock
    board: LiveBoard
    phones: PhoneDesk
    presence: PresenceDesk
    pairing: PairingDesk
    events: EventStreams
    staff: StaffBoard
    table: RouteTable
    store: Store

    @property
    def origin(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
        cookie: str = "",
    ) -> Answer:
        """One request as the box's own page would send it; ``headers`` override, None leaves one out."""
        sent: dict[str, str | None] = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        if cookie:
            sent["Cookie"] = f"{COOKIE}={cookie}"
        if data is not None:
            sent["Content-Type"] = "application/json"
        sent |= dict(headers or {})
        async with self.http.request(
            method,
            f"{self.origin}{path}",
            json=json,
            data=data,
            headers={name: value for name, value in sent.items() if value is not None},
        ) as answer:
            return Answer(
                status=answer.status,
                headers=answer.headers,
                body=await answer.read(),
                cookies={name: morsel.value for name, morsel in answer.cookies.items()},
            )

    async def pair(self, name: str = "測試手機") -> Phone:
        """As a person who reads the code off the box."""
        asked = self.pairing.ask(self.pairing.mint_token(), name)
        opened = await self.pairing.confirm(asked.secret, self.presence.for_console()[-1].code)
        return Phone(self, opened.phone.phone_id, opened.cookie)


@dataclass(slots=True)
class Phone:
    """A paired phone's browser."""

    house: House
    phone_id: str
    cookie: str

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.house.ask("GET", path, headers=headers, cookie=self.cookie)

    async def post(self, path: str, json: Any = None) -> Answer:
        return await self.house.ask("POST", path, json=json, cookie=self.cookie)

    async def put(self, path: str, json: Any) -> Answer:
        return await self.house.ask("PUT", path, json=json, cookie=self.cookie)

    async def delete(self, path: str) -> Answer:
        return await self.house.ask("DELETE", path, cookie=self.cookie)


class _NoCards:
    """A box without a reader."""

    async def sign_in_anywhere(self, pin: bytearray, phone_id: str) -> StaffSessionRow:
        raise CardAbsent

    async def end(self, session_id: str, phone_id: str = "") -> None:
        """Nobody was signed in."""


@contextlib.asynccontextmanager
async def open_house(
    folder: Path,
    clock: FakeClock,
    *,
    routes: Iterable[AnyRoute] = (),
    board: LiveBoard | None = None,
    files: Mapping[str, Document] | None = None,
    cards: CardSignIn | None = None,
) -> AsyncIterator[House]:
    """Start it, with pairing, state, events and documents, and with ``routes`` on top."""
    words = load_catalogue()
    board = board or LiveBoard()
    staff = StaffBoard()
    tls = open_box_tls(folder / "tls", HOSTS, dt.datetime.now(dt.UTC), name="test")
    async with open_store(folder / "store.db", bytes(32), clock=clock) as store:
        phone_desk = PhoneDesk(store, clock, limits=PhoneLimits(idle_s=IDLE_S, whole_s=WHOLE_S))
        await phone_desk.load()
        presence = PresenceDesk(store, board, clock)
        pairing = PairingDesk(phone_desk, presence, clock)
        events = EventStreams(
            board,
            clock,
            snapshot=lambda viewer: state_for(board, viewer),
            look=lambda phone: viewer_of(phone, phone_desk, staff),
        )
        phone_desk.when_removed(events.drop)
        phone_desk.when_changed(events.look_again)
        documents = Documents(words, version="0.0.0-test")
        pairing_routes = Pairing(
            pairing,
            presence,
            cards or _NoCards(),
            clock,
            TryLimit(clock),
            pair_url=lambda token: f"https://127.0.0.1:1/p#{token}",
        )
        phones = Phones(phone_desk, presence, TryLimit(clock, burst=3, refill_s=600.0))
        table = RouteTable.of(
            documents.routes(),
            pairing_routes.routes(),
            phones.routes(),
            LiveState(board, events).routes(),
            list(routes),
        )
        documents.describe(table.routes)
        server = ApiServer(
            table=table,
            dispatcher=Dispatcher(sessions=phone_desk, staff=staff, in_hand=staff, looks=staff, words=words),
            guard=Guard(words),
            events=events,
            files=files or {},
            tls=tls.context,
            bind="127.0.0.1",
            port=0,
            hosts=HOSTS,
        )
        async with _running(server):
            connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=tls.ca_file))
            async with aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar()
            ) as http:
                yield House(
                    http=http,
                    port=server.port,
                    clock=clock,
                    board=board,
                    phones=phone_desk,
                    presence=presence,
                    pairing=pairing,
                    events=events,
                    staff=staff,
                    table=table,
                    store=store,
                )


@contextlib.asynccontextmanager
async def _running(server: ApiServer) -> AsyncIterator[None]:
    is_ready = asyncio.Event()
    task = asyncio.create_task(server.run(is_ready.set))
    waiting = asyncio.create_task(is_ready.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
