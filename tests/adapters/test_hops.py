"""What went wrong on the way to the data centre, on real sockets: the hop, and whether anything came back."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from visitbridge.adapters.datacentre.http import Portal, Way
from visitbridge.adapters.network.sockets import socket_through
from visitbridge.domain.uplink import Uplink, UplinkKind
from visitbridge.errors import LinkDown, PortalUntrusted
from visitbridge.protocols.datacentre.device import DeviceStatus

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]


class Names(AbstractResolver):
    """Answers with an address or an error."""

    def __init__(self, answer: str | OSError) -> None:
        self._answer = answer

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if isinstance(self._answer, OSError):
            raise self._answer
        return [
            ResolveResult(
                hostname=host, host=self._answer, port=port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


async def ask(port: int, names: Names, *, interface: str = "") -> Exception:
    """The error of one probe."""
    used = Uplink(name="test", kind=UplinkKind.ETHERNET, interface=interface)
    portal = Portal(
        f"https://medvpn.test:{port}",
        ssl.create_default_context(),
        monotonic=lambda: 0.0,
        way=Way(make_socket=socket_through(lambda: used), resolver=names),
        connect_timeout_s=0.2,
        answer_timeout_s=0.2,
    )
    try:
        await portal.ask("GET", "/device", into=DeviceStatus)
    except (LinkDown, PortalUntrusted) as exc:
        return exc
    finally:
        await portal.close()
    raise AssertionError("an answer from nowhere")


@asynccontextmanager
async def open_server(*, full: bool = False) -> AsyncIterator[int]:
    """A port that takes connections and says nothing sensible; ``full`` takes none and refuses none."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = int(listening.getsockname()[1])
        if full:
            with socket.create_connection(("127.0.0.1", port)), socket.socket() as second:
                second.setblocking(False)
                second.connect_ex(("127.0.0.1", port))
                yield port
            return
        server = await asyncio.start_server(_hang_up, sock=listening.dup())
        async with server:
            yield port


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"not TLS at all\r\n")
    writer.close()


@pytest.mark.parametrize(
    ("error", "heard"),
    [(socket.gaierror(socket.EAI_NONAME, ""), True), (socket.gaierror(socket.EAI_AGAIN, ""), False)],
)
async def test_a_name_that_is_not_found(error: OSError, heard: bool) -> None:
    exc = await ask(443, Names(error))

    assert isinstance(exc, LinkDown)
    assert (exc.hop, exc.heard) == ("dns", heard)


async def test_a_host_that_refuses_was_heard() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        exc = await ask(unused.getsockname()[1], Names("127.0.0.1"))

    assert isinstance(exc, LinkDown)
    assert (exc.hop, exc.heard) == ("host", True)


async def test_a_host_that_says_nothing_was_not() -> None:
    async with open_server(full=True) as port:
        exc = await ask(port, Names("127.0.0.1"))

    assert isinstance(exc, LinkDown)
    assert (exc.hop, exc.heard) == ("host", False)


async def test_an_interface_that_is_gone_is_the_nearest_hop() -> None:
    exc = await ask(443, Names("127.0.0.1"), interface="nothing0")

    assert isinstance(exc, LinkDown)
    assert (exc.hop, exc.heard) == ("network", False)


async def test_a_host_that_speaks_no_tls() -> None:
    async with open_server() as port:
        exc = await ask(port, Names("127.0.0.1"))

    assert isinstance(exc, PortalUntrusted)
