"""The lab's switches over HTTP on a unix socket: JSON in, JSON out.

The gateway passes the panel's part on to phones (``/api/lab``); scenarios use all of it. Whoever may open
the socket may use it: it lies in the lab's folder, which only its owner can enter.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from visitbridge.errors import NotFound
from visitbridge.sim.bluez.shapes import AdapterState
from visitbridge.sim.card import Pull
from visitbridge.sim.lab.cards import CardState, CardTable, ReaderPlace
from visitbridge.sim.lab.gateway import GatewayFacts
from visitbridge.sim.lab.portal import Portal
from visitbridge.sim.lab.radio import BluetoothState, LabRadio
from visitbridge.sim.lab.wire import answer, open_socket, read
from visitbridge.sim.relay import Line, Relay

Json = dict[str, Any]


class InsertOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``pull``: the card leaves by itself at that APDU, counted from this insertion."""

    reader_id: str
    pull: Pull | None = None


class LinkOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``delay_ms``: one way, for ``slow``."""

    mode: Line
    delay_ms: Annotated[int, Meta(ge=0, le=60_000)] = 1500


class LinkState(msgspec.Struct, frozen=True, kw_only=True):
    mode: Line
    delay_ms: int


class AdapterOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of the Bluetooth adapter."""

    state: AdapterState


class ReachOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a Bluetooth reader is on and near."""

    in_reach: bool


class LabState(msgspec.Struct, frozen=True, kw_only=True):
    """``portal`` as its own lab control has it; ``binding`` until the box is bound. ``bluetooth`` None: there is none."""

    cards: tuple[CardState, ...]
    readers: tuple[ReaderPlace, ...]
    bluetooth: BluetoothState | None
    link: LinkState
    portal: Json
    binding: Json | None


class Programs(msgspec.Struct, frozen=True, kw_only=True):
    """What a scenario may do to the lab's programs, by name and act. Each returns when it is done."""

    acts: dict[str, dict[str, Callable[[], Awaitable[object]]]]
    gateway: Callable[[], GatewayFacts]
    pair_url: Callable[[], Awaitable[str]]


class Control:
    """The routes. ``public_url``: the data centre's address as the box sees it."""

    def __init__(
        self,
        *,
        cards: CardTable,
        bluetooth: LabRadio | None,
        relay: Relay,
        portal: Portal,
        programs: Programs,
        public_url: str,
    ) -> None:
        self._cards = cards
        self._bluetooth = bluetooth
        self._relay = relay
        self._portal = portal
        self._programs = programs
        self._public_url = public_url

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/state", self._state),
            web.post("/cards/{card_id}/insert", self._insert),
            web.get("/cards/{card_id}/memory", self._memory),
            web.post("/readers/{reader_id}/pull", self._pull),
            web.post("/readers/{reader_id}/reach", self._reach),
            web.post("/bluetooth", self._adapter),
            web.post("/link", self._link),
            web.post("/portal/faults", self._arm),
            web.delete("/portal/faults", self._clear),
            web.post("/portal/clock", self._clock),
            web.get("/portal/inbox", self._inbox),
            web.post("/programs/{name}/{act}", self._act),
            web.get("/gateway", self._gateway),
            web.post("/pairing", self._pairing),
        ]

    async def _state(self, _: web.Request) -> web.Response:
        portal = await self._portal.ask("GET", "/lab/state")
        return answer(
            LabState(
                cards=self._cards.cards(),
                readers=self._cards.readers(),
                bluetooth=self._bluetooth.state() if self._bluetooth is not None else None,
                link=self._link_state(),
                portal=portal,
                binding=await self._portal.ticket(self._public_url),
            )
        )

    async def _insert(self, request: web.Request) -> web.Response:
        order = await read(request, InsertOrder)
        await self._cards.insert(request.match_info["card_id"], order.reader_id, order.pull)
        return answer({})

    async def _memory(self, request: web.Request) -> web.Response:
        return answer(self._cards.memory(request.match_info["card_id"]))

    async def _pull(self, request: web.Request) -> web.Response:
        await self._cards.pull(request.match_info["reader_id"])
        return answer({})

    async def _reach(self, request: web.Request) -> web.Response:
        order = await read(request, ReachOrder)
        self._radio().set_in_reach(request.match_info["reader_id"], in_reach=order.in_reach)
        return answer({})

    async def _adapter(self, request: web.Request) -> web.Response:
        order = await read(request, AdapterOrder)
        await self._radio().set_adapter(order.state)
        return answer({})

    async def _link(self, request: web.Request) -> web.Response:
        order = await read(request, LinkOrder)
        self._relay.set_line(order.mode, delay_s=order.delay_ms / 1000)
        return answer(self._link_state())

    async def _arm(self, request: web.Request) -> web.Response:
        return answer({"faults": await self._portal.ask("POST", "/lab/faults", await read(request, Json))})

    async def _clear(self, _: web.Request) -> web.Response:
        await self._portal.ask("DELETE", "/lab/faults")
        return answer({})

    async def _clock(self, request: web.Request) -> web.Response:
        return answer(await self._portal.ask("POST", "/lab/clock", await read(request, Json)))

    async def _inbox(self, _: web.Request) -> web.Response:
        return answer(await self._portal.ask("GET", "/lab/inbox"))

    async def _act(self, request: web.Request) -> web.Response:
        act = self._programs.acts.get(request.match_info["name"], {}).get(request.match_info["act"])
        if act is None:
            raise NotFound("no such program or act")
        await act()
        return answer({})

    async def _gateway(self, _: web.Request) -> web.Response:
        return answer(self._programs.gateway())

    async def _pairing(self, _: web.Request) -> web.Response:
        return answer({"pair_url": await self._programs.pair_url()})

    def _radio(self) -> LabRadio:
        if self._bluetooth is None:
            raise NotFound("no Bluetooth in this lab")
        return self._bluetooth

    def _link_state(self) -> LinkState:
        return LinkState(mode=self._relay.line, delay_ms=round(self._relay.delay_s * 1000))


@contextlib.asynccontextmanager
async def open_control(control: Control, socket_path: Path) -> AsyncIterator[None]:
    """Serve until the block ends."""
    async with open_socket(control.routes(), socket_path):
        yield
