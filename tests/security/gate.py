"""The real server, guard and dispatcher before the real route list, with every handler replaced by a counter."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
from aiohttp import web

from tests.app.test_every_route import whole_table
from tests.patience import PATIENCE_S
from visitbridge.adapters.tls import open_box_tls
from visitbridge.api.dispatch import COOKIE, Dispatcher
from visitbridge.api.events import EventStreams
from visitbridge.api.guard import Guard
from visitbridge.api.routes import AnyRoute, RawRoute, RouteTable, parameters
from visitbridge.api.server import ApiServer
from visitbridge.domain.people import BoxRole, Right
from visitbridge.domain.phones import PhoneState
from visitbridge.errors import NotPaired, StaffExpired
from visitbridge.ports.records import PairedPhone
from visitbridge.services.grants import Acting
from visitbridge.services.live import LiveBoard
from visitbridge.sim.clock import FakeClock
from visitbridge.words import load_catalogue

BEGAN = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)
ROUTES = whole_table().routes


def name_of(route: AnyRoute) -> str:
    return f"{route.method} {route.path}"


def address(route: AnyRoute) -> str:
    return route.path.format_map(dict.fromkeys(parameters(route), "x"))


class Sessions:
    """A cookie's value is the phone's id; ``roles`` says which there are. All are open but those in ``states``, and all
    have just shown card or code but those that are not in ``proven``.
    """

    def __init__(self, roles: Mapping[str, BoxRole]) -> None:
        self._roles = roles
        self.states: dict[str, PhoneState] = {}
        self.proven: set[str] = set(roles)

    async def authenticate(self, cookie: str) -> PairedPhone:
        if cookie not in self._roles:
            raise NotPaired
        return PairedPhone(phone_id=cookie, name="p", token_hash="", paired_at=BEGAN, used_at=BEGAN)

    def state(self, phone: PairedPhone) -> PhoneState:
        return self.states.get(phone.phone_id, PhoneState.OPEN)

    def role(self, phone_id: str) -> BoxRole:
        return self._roles[phone_id]

    def is_proven(self, phone_id: str) -> bool:
        return phone_id in self.proven

    async def note_use(self, phone_id: str) -> None:
        """Nothing here ends by itself."""


def person(*rights: Right, live: bool = True) -> Acting:
    """Somebody on a phone; not ``live``: the session ran out."""
    return Acting(staff_id="D-TEST-1", rights=frozenset(rights), live=live, signed_in_at=BEGAN)


class People:
    """Who acts on which phone; in reduced mode, ``in_hand`` are the visits to go on with.

    ``looks``: person, visit and phone of every call about a visit.
    """

    def __init__(self) -> None:
        self.by_phone: dict[str, Acting] = {}
        self.in_hand: set[str] = set()
        self.looks: list[tuple[str, str, str]] = []

    def acting(self, phone_id: str) -> Acting | None:
        return self.by_phone.get(phone_id)

    async def require(self, acting: Acting, visit_id: str) -> None:
        if visit_id not in self.in_hand:
            raise StaffExpired

    async def opened(self, acting: Acting, visit_id: str, *, phone_id: str) -> None:
        self.looks.append((acting.staff_id, visit_id, phone_id))


@dataclasses.dataclass(slots=True)
class Gate:
    port: int
    trust: ssl.SSLContext
    sessions: Sessions
    people: People
    reached: list[str]

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @contextlib.asynccontextmanager
    async def open_line(self) -> AsyncIterator[Line]:
        """A kept connection on which bytes are sent as they are."""
        line = Line(self)
        try:
            yield line
        finally:
            await line.hang_up()


class Line:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.opened = 0

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send one request; status and body of its answer. A line that the box closed is opened anew."""
        reader, writer = await self._open()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        announced = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        length = int(announced or 0)
        is_head = request.startswith(b"HEAD ")
        body = await reader.readexactly(0 if is_head else length)
        if b"connection: close" in head.lower():
            await self.hang_up()
        return int(head[9:12]), body

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None or self._streams[0].at_eof():
            await self.hang_up()
            self.opened += 1
            self._streams = await asyncio.open_connection(
                "127.0.0.1", self._gate.port, ssl=self._gate.trust, server_hostname="127.0.0.1"
            )
        return self._streams

    async def hang_up(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            with contextlib.suppress(OSError):
                await self._streams[1].wait_closed()
            self._streams = None


def request_bytes(
    method: str, target: str, headers: list[tuple[str, str]], *, phone: str = "", body: bytes = b""
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    lines += [f"Cookie: {COOKIE}={phone}"] if phone else []
    lines += [f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextlib.asynccontextmanager
async def open_gate(folder: Path, roles: Mapping[str, BoxRole]) -> AsyncIterator[Gate]:
    clock = FakeClock()
    words = load_catalogue()
    board = LiveBoard()
    sessions = Sessions(roles)
    people = People()
    reached: list[str] = []
    tls = open_box_tls(folder / "tls", ("127.0.0.1", "localhost"), dt.datetime.now(dt.UTC), name="test")
    table = RouteTable.of([_counting(route, reached) for route in ROUTES])
    server = ApiServer(
        table=table,
        dispatcher=Dispatcher(sessions=sessions, staff=people, in_hand=people, looks=people, words=words),
        guard=Guard(words),
        events=EventStreams(
            board, clock, snapshot=lambda _: msgspec.defstruct("S", [])(), look=lambda _: None
        ),
        files={},
        tls=tls.context,
        bind="127.0.0.1",
        port=0,
        hosts=("127.0.0.1", "localhost"),
    )
    ready = asyncio.Event()
    task = asyncio.create_task(server.run(ready.set))
    await asyncio.wait(
        [task, asyncio.ensure_future(ready.wait())], return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE_S
    )
    try:
        yield Gate(server.port, ssl.create_default_context(cafile=tls.ca_file), sessions, people, reached)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _counting(route: AnyRoute, reached: list[str]) -> AnyRoute:
    async def answer(*_: object) -> Any:
        reached.append(name_of(route))
        return web.json_response({}) if isinstance(route, RawRoute) else {}

    changed: Any = route
    return cast(AnyRoute, dataclasses.replace(changed, handler=answer))
