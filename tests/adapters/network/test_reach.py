"""Hosts of the VPN are tried on real sockets, through the uplink, and nothing is said to them (C02)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType

from tests.patience import PATIENCE_S
from visitbridge.adapters.network.reach import HostReach
from visitbridge.adapters.network.sockets import socket_through
from visitbridge.domain.uplink import Uplink, UplinkKind
from visitbridge.services.environment.hosts import HostFound

LOOPBACK = Uplink(name="test", kind=UplinkKind.ETHERNET, interface="lo")
THROUGH_LOOPBACK = socket_through(lambda: LOOPBACK)


class Names(AbstractResolver):
    """Addresses by name; one that is not listed is not known."""

    def __init__(self, addresses: Mapping[str, tuple[str, ...]]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host not in self._addresses:
            raise socket.gaierror(socket.EAI_NONAME, "name not resolved")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._addresses[host]
        ]

    async def close(self) -> None:
        pass


class Listener:
    """Hears what connections say."""

    def __init__(self) -> None:
        self.port = 0
        self.heard: list[bytes] = []
        self.ended = asyncio.Event()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.read())
        writer.close()
        await writer.wait_closed()
        self.ended.set()


@asynccontextmanager
async def open_listener() -> AsyncIterator[Listener]:
    listener = Listener()
    async with await asyncio.start_server(listener.take, "127.0.0.1", 0) as server:
        listener.port = server.sockets[0].getsockname()[1]
        yield listener


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def reach(
    *hosts: str,
    make_socket: Callable[[AddrInfoType], socket.socket] = THROUGH_LOOPBACK,
) -> HostReach:
    names = Names({"vpn.test": ("127.0.0.1",), "two.test": ("127.0.0.2", "127.0.0.1")})
    return HostReach(hosts, resolver=names, make_socket=make_socket, timeout_s=0.3)


@pytest.mark.parametrize("name", ["vpn.test", pytest.param("two.test", id="by its second address")])
async def test_C02_a_host_that_takes_connections_answers_and_hears_nothing(name: str) -> None:
    async with open_listener() as listener:
        host = f"{name}:{listener.port}"
        assert await reach(host).look() == (HostFound(host, answers=True),)
        await listener.ended.wait()
    assert listener.heard == [b""]


async def test_C02_hosts_are_told_apart_in_their_order() -> None:
    async with open_listener() as listener:
        hosts = (f"other.test:{listener.port}", f"vpn.test:{free_port()}", f"vpn.test:{listener.port}")
        found = await reach(*hosts).look()
    assert [(each.host, each.answers) for each in found] == list(
        zip(hosts, (False, False, True), strict=True)
    )


async def test_C02_a_host_that_keeps_silent_costs_a_limited_time() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = int(listening.getsockname()[1])
        with socket.create_connection(("127.0.0.1", port)), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(("127.0.0.1", port))
            (found,) = await asyncio.wait_for(reach(f"vpn.test:{port}").look(), PATIENCE_S)
    assert not found.answers


async def test_C02_nothing_is_tried_by_another_interface() -> None:
    gone = Uplink(name="test", kind=UplinkKind.MODEM, interface="wwan-gone0")
    async with open_listener() as listener:
        (found,) = await reach(f"vpn.test:{listener.port}", make_socket=socket_through(lambda: gone)).look()
        assert not found.answers
    assert listener.heard == []


async def test_no_hosts_are_no_findings() -> None:
    assert await reach().look() == ()
