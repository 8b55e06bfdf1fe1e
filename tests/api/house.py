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
from visitbridge.api.resources.phones import Phones
from visitbridge.api.resources.state import LiveState, state_for
from visitbridge.api.routes import AnyRoute, RouteTable
from visitbridge.api.server import ApiServer
from visitbridge.domain.people import Right, StaffKind
from visitbridge.ports.records import StaffSessionRow
from visitbridge.ports.store import Store
from visitbridge.services.live import LiveBoard
from visitbridge.services.pairing import PairingDesk
from visitbridge.sim.clock import FakeClock
from visitbridge.words import load_catalogue

IDLE_S = 12 * 3600.0
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
    """Who is signed in on which phone, as a test says."""

    rows: dict[str, StaffSessionRow] = field(default_factory=dict)
    granted: dict[str, frozenset[Right]] = field(default_factory=dict)

    def live_for_phone(self, phone_id: str) -> StaffSessionRow | None:
        return self.rows.get(phone_id)

    def last_rights(self, phone_id: str) -> frozenset[Right] | None:
        return self.granted.get(phone_id)

    def sign_in(self, phone_id: str, *rights: Right) -> None:
        began = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)
        self.rows[phone_id] = StaffSessionRow(
            session_id="s-1",
            staff_id="D-TEST-1",
            name="陳測試",
            kind=StaffKind.DOCTOR,
            rights=rights,
            token="t",
            started_at=began,
            ends_at=began + dt.timedelta(hours=8),
            boot_id="boot-1",
            ends_monotonic_s=1e9,
            phone_ids=(phone_id,),
        )


@dataclass(slots=True, kw_only=True)
class House:
    """A running API and a client that trusts it."""

    http: aiohttp.ClientSession
    port: int
    clock: FakeClock
    board: LiveBoard
    pairing: PairingDesk
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
        paired = await self.pairing.pair(self.pairing.mint_token(), name)
        return Phone(self, paired.phone.phone_id, paired.cookie)


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


@contextlib.asynccontextmanager
async def open_house(
    folder: Path,
    clock: FakeClock,
    *,
    routes: Iterable[AnyRoute] = (),
    board: LiveBoard | None = None,
    files: Mapping[str, Document] | None = None,
) -> AsyncIterator[House]:
    """Start it, with pairing, state, events and documents, and with ``routes`` on top."""
    words = load_catalogue()
    board = board or LiveBoard()
    staff = StaffBoard()
    tls = open_box_tls(folder / "tls", HOSTS, dt.datetime.now(dt.UTC), name="test")
    async with open_store(folder / "store.db", bytes(32), clock=clock) as store:
        pairing = PairingDesk(store, clock, idle_s=IDLE_S)
        await pairing.load()
        events = EventStreams(
            board, clock, snapshot=lambda phone: state_for(board, phone), is_live=pairing.is_live
        )
        pairing.when_removed(events.drop)
        documents = Documents(words, version="0.0.0-test")
        phones = Phones(
            pairing, clock, TryLimit(clock), pair_url=lambda token: f"https://127.0.0.1:1/p#{token}"
        )
        table = RouteTable.of(
            documents.routes(), phones.routes(), LiveState(board, events).routes(), list(routes)
        )
        documents.describe(table.routes)
        server = ApiServer(
            table=table,
            dispatcher=Dispatcher(sessions=pairing, staff=staff, words=words),
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
                    pairing=pairing,
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
