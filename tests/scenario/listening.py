"""Phones that only look on: each reads the box's stream of events and notes when it heard of what."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

from tests.patience import PATIENCE_S
from visitbridge.sim.lab.client import PhoneClient, open_phone
from visitbridge.sim.lab.gateway import GatewayFacts
from visitbridge.sim.lab.phone import new_pair_url

_COOKIE = "__Host-vb"


@dataclass(frozen=True)
class Heard:
    """One event; ``at_s`` by this machine's monotonic clock, ``delivery``: events that came in one piece have the same."""

    at_s: float
    delivery: int
    name: str
    data: Any


@dataclass
class Listener:
    """``heard`` grows for as long as the stream is open."""

    name: str
    heard: list[Heard] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, wanted: Callable[[Heard], bool], *, within_s: float = PATIENCE_S) -> Heard:
        """The first event of its kind, heard already or to come; TimeoutError."""
        async with asyncio.timeout(within_s):
            while not (found := [one for one in self.heard if wanted(one)]):
                self._news.clear()
                await self._news.wait()
        return found[0]

    async def read(self, stream: aiohttp.StreamReader) -> None:
        delivery, rest = 0, b""
        while piece := await stream.readany():
            at_s, delivery = time.monotonic(), delivery + 1
            *blocks, rest = (rest + piece).split(b"\n\n")
            for block in blocks:
                lines = dict(line.split(": ", 1) for line in block.decode().splitlines() if line[0] != ":")
                if lines:
                    data = msgspec.json.decode(lines["data"])
                    self.heard.append(Heard(at_s, delivery, lines["event"], data))
            self._news.set()


@contextlib.asynccontextmanager
async def open_listeners(
    owner: PhoneClient, facts: GatewayFacts, count: int
) -> AsyncIterator[tuple[Listener, ...]]:
    """``count`` phones, paired by ``owner``'s links, each of which has its snapshot."""
    listeners = tuple(Listener(f"手機 {number}") for number in range(count))
    trust = ssl.create_default_context(cafile=facts.ca_file)
    forever = aiohttp.ClientTimeout(total=None)
    async with contextlib.AsyncExitStack() as stack:
        streams = await stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=trust),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=forever,
            )
        )
        readers = []
        for listener in listeners:
            async with open_phone(facts) as phone:
                await phone.pair(await new_pair_url(owner), listener.name)
                cookie = {"Cookie": f"{_COOKIE}={phone.session}"}
            answer = await stack.enter_async_context(
                streams.get(facts.url.rstrip("/") + "/api/events", headers=cookie)
            )
            readers.append(asyncio.create_task(listener.read(answer.content)))
        try:
            for listener in listeners:
                await listener.until(lambda one: one.name == "snapshot")
            yield listeners
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
