"""One way out: sockets bound to an interface, names asked of its servers; real sockets, a tiny name server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from visitbridge.adapters.network.sockets import UplinkResolver, socket_through
from visitbridge.domain.uplink import Uplink, UplinkKind

NXDOMAIN = 3
ADDRESS = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 9))


def uplink(interface: str, *dns: str) -> Uplink:
    return Uplink(name="test", kind=UplinkKind.ETHERNET, interface=interface, dns=dns)


class NameServer(asyncio.DatagramProtocol):
    """Answers every A query with 192.0.2.7, or with a refusal; RFC 1035 §4.1 by hand."""

    def __init__(self, code: int) -> None:
        self._code = code
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        self.asked += 1
        end = data.index(b"\0", 12) + 5
        question, kind = data[12:end], data[end - 4 : end - 2]
        answers = b""
        if self._code == 0 and kind == b"\0\1":
            answers = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton("192.0.2.7")
        head = data[:2] + bytes([0x81, 0x80 | self._code]) + b"\0\1" + (b"\0\1" if answers else b"\0\0")
        self._transport.sendto(head + b"\0\0\0\0" + question + answers, source)


@asynccontextmanager
async def open_name_server(code: int = 0) -> AsyncIterator[tuple[str, NameServer]]:
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: NameServer(code), local_addr=("127.0.0.1", 0)
    )
    host, port = transport.get_extra_info("sockname")
    try:
        yield f"{host}:{port}", server
    finally:
        transport.close()


def test_a_socket_is_bound_to_the_interface_of_the_moment() -> None:
    used: Uplink | None = uplink("lo")
    make = socket_through(lambda: used)
    with make(ADDRESS) as bound:
        name = bound.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
    used = None
    with make(ADDRESS) as free:
        none = free.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)

    assert (name.rstrip(b"\0"), none) == (b"lo", b"")


def test_no_socket_leaves_by_another_way_when_the_interface_is_gone() -> None:
    with pytest.raises(OSError, match="No such device"):
        socket_through(lambda: uplink("nothing0"))(ADDRESS)


async def test_names_are_asked_of_the_uplinks_own_servers() -> None:
    async with open_name_server() as (address, server):
        resolver = UplinkResolver(lambda: uplink("lo", address))
        found = await resolver.resolve("medvpn.test", 443, socket.AF_INET)
        await resolver.close()

    assert [(entry["host"], entry["port"]) for entry in found] == [("192.0.2.7", 443)]
    assert server.asked >= 1


async def test_no_such_name_is_an_answer() -> None:
    async with open_name_server(NXDOMAIN) as (address, _):
        resolver = UplinkResolver(lambda: uplink("lo", address))
        with pytest.raises(socket.gaierror) as caught:
            await resolver.resolve("medvpn.test", 443, socket.AF_INET)
        await resolver.close()

    assert caught.value.errno == socket.EAI_NONAME


async def test_a_silent_server_is_none() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        host, port = silent.getsockname()
        resolver = UplinkResolver(lambda: uplink("lo", f"{host}:{port}"), timeout_s=0.05)
        with pytest.raises(socket.gaierror) as caught:
            await resolver.resolve("medvpn.test", 443, socket.AF_INET)
        await resolver.close()

    assert caught.value.errno == socket.EAI_AGAIN


async def test_other_servers_are_asked_when_the_uplink_changes() -> None:
    async with open_name_server() as (first, one), open_name_server() as (second, other):
        used = uplink("lo", first)
        resolver = UplinkResolver(lambda: used)
        await resolver.resolve("a.test", 443, socket.AF_INET)
        used = uplink("lo", second)
        await resolver.resolve("b.test", 443, socket.AF_INET)
        await resolver.close()

    assert (one.asked > 0, other.asked > 0) == (True, True)


async def test_without_servers_of_its_own_the_machine_is_asked() -> None:
    resolver = UplinkResolver(lambda: uplink("lo"))

    (found,) = await resolver.resolve("localhost", 443, socket.AF_INET)

    assert found["host"] == "127.0.0.1"
    await resolver.close()
