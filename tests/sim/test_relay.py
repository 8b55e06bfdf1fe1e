"""The relay between box and data centre carries bytes, or does to them what a bad line does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests import leaks
from tests.patience import PATIENCE_S
from visitbridge.sim.relay import Line, Relay, open_relay

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]


@pytest.fixture
async def heard() -> list[bytes]:
    return []


@pytest.fixture
async def relay(heard: list[bytes]) -> AsyncIterator[Relay]:
    """A relay to a server that answers every piece with the same bytes, until both have let go of all connections."""
    before = leaks.tasks()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(100):
            heard.append(piece)
            writer.write(piece)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with open_relay("127.0.0.1", server.sockets[0].getsockname()[1]) as opened:
        yield opened
    server.close()
    async with asyncio.timeout(PATIENCE_S):
        while leaks.tasks() - before:  # noqa: ASYNC110 - the other ends of sockets
            await asyncio.sleep(0.01)


@pytest.fixture
async def connect(relay: Relay) -> AsyncIterator[Callable[[], Awaitable[Streams]]]:
    """Open connections that are closed when the test ends, broken or not."""
    writers: list[asyncio.StreamWriter] = []

    async def open_one() -> Streams:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writers.append(writer)
        return reader, writer

    yield open_one
    for writer in writers:
        writer.transport.abort()


async def _ask(streams: Streams, text: bytes) -> bytes:
    streams[1].write(text)
    return await asyncio.wait_for(streams[0].read(100), PATIENCE_S)


async def test_bytes_go_both_ways(relay: Relay, connect: Connect) -> None:
    streams = await connect()
    assert await _ask(streams, b"hello") == b"hello"


async def test_cutting_breaks_open_connections_and_refuses_new_ones(relay: Relay, connect: Connect) -> None:
    streams = await connect()
    assert await _ask(streams, b"x") == b"x"
    relay.set_line(Line.DOWN)
    with pytest.raises(ConnectionResetError):
        await _ask(streams, b"y")
    late = await connect()
    with pytest.raises(ConnectionResetError):
        await _ask(late, b"z")
    relay.set_line(Line.UP)
    again = await connect()
    assert await _ask(again, b"back") == b"back"


async def test_a_deaf_line_delivers_and_brings_nothing_back(
    relay: Relay, connect: Connect, heard: list[bytes]
) -> None:
    streams = await connect()
    relay.set_line(Line.DEAF)
    streams[1].write(b"act")
    async with asyncio.timeout(PATIENCE_S):
        while heard != [b"act"]:  # noqa: ASYNC110 - the other end of a socket
            await asyncio.sleep(0.01)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(streams[0].read(100), 0.1)


async def test_a_slow_line_delays_each_way(relay: Relay, connect: Connect) -> None:
    streams = await connect()
    relay.set_line(Line.SLOW, delay_s=0.05)
    began = time.monotonic()
    assert await _ask(streams, b"slow") == b"slow"
    assert time.monotonic() - began >= 0.1
