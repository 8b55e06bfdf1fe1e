"""Which certificates of a data centre are not believed and why, and a change of certificates while requests are under way."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ssl
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from visitbridge.adapters.datacentre.credentials import trusting
from visitbridge.adapters.datacentre.http import Portal
from visitbridge.errors import PortalUntrusted
from visitbridge.protocols.certificates import KeyPair, issue_leaf, make_authority
from visitbridge.protocols.datacentre.common import HEADER_EPOCH, HEADER_TIME

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
LONG_AGO = NOW - dt.timedelta(days=900)
AUTHORITY = make_authority("portal CA", (), LONG_AGO)
OTHER = make_authority("portal CA", (), LONG_AGO)
"""The same name on another key, as a portal that made its root anew without a word would have."""

HERE = ("127.0.0.1",)
ANSWER = (
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    f"{HEADER_EPOCH}: e\r\n{HEADER_TIME}: 2026-11-22T01:00:00.000Z\r\n\r\n{{}}"
).encode()


class Server:
    """Counts connections; answers only while ``gate`` is set."""

    def __init__(self) -> None:
        self.connections = 0
        self.port = 0
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.asked.set()
                await self.gate.wait()
                writer.write(ANSWER)
        writer.close()


@contextlib.asynccontextmanager
async def serving(folder: Path, leaf: KeyPair) -> AsyncIterator[Server]:
    (folder / "leaf.pem").write_bytes(leaf.key + leaf.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem")
    server = Server()
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0, ssl=context)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


def portal_at(server: Server) -> Portal:
    context = trusting([AUTHORITY.certificate.decode()])
    return Portal(f"https://127.0.0.1:{server.port}", context, monotonic=time.monotonic)


@pytest.mark.parametrize(
    ("leaf", "reason"),
    [
        (lambda: issue_leaf(OTHER, HERE, NOW), "root"),
        (lambda: issue_leaf(AUTHORITY, HERE, LONG_AGO), "validity"),
        (lambda: issue_leaf(AUTHORITY, HERE, NOW + dt.timedelta(days=2)), "validity"),
        (lambda: issue_leaf(AUTHORITY, ("other.local",), NOW), "name"),
        (lambda: issue_leaf(AUTHORITY, ("127.0.0.2",), NOW), "name"),
    ],
    ids=["other root", "expired", "not yet", "other name", "other address"],
)
async def test_Y11_the_reason_of_mistrust_is_told(
    tmp_path: Path, leaf: Callable[[], KeyPair], reason: str
) -> None:
    async with serving(tmp_path, leaf()) as server:
        portal = portal_at(server)
        with pytest.raises(PortalUntrusted) as caught:
            await portal.ask("GET", "/device", into=dict)
        await portal.close()

    assert caught.value.reason == reason


async def test_a_new_context_cuts_nothing_under_way_and_leaves_no_old_connection(tmp_path: Path) -> None:
    async with serving(tmp_path, issue_leaf(AUTHORITY, HERE, NOW)) as server:
        portal = portal_at(server)
        server.gate.clear()
        under_way = asyncio.ensure_future(portal.ask("GET", "/device", into=dict))
        await server.asked.wait()

        portal.present(trusting([AUTHORITY.certificate.decode(), OTHER.certificate.decode()]))
        server.gate.set()
        first = await under_way
        second = await portal.ask("GET", "/device", into=dict)
        third = await portal.ask("GET", "/device", into=dict)
        await portal.close()

    assert (first, second, third) == ({}, {}, {})
    assert server.connections == 2


async def test_a_root_that_is_gone_is_asked_for_at_the_next_request(tmp_path: Path) -> None:
    async with serving(tmp_path, issue_leaf(AUTHORITY, HERE, NOW)) as server:
        portal = portal_at(server)
        await portal.ask("GET", "/device", into=dict)

        portal.present(trusting([OTHER.certificate.decode()]))

        with pytest.raises(PortalUntrusted):
            await portal.ask("GET", "/device", into=dict)
        await portal.close()
