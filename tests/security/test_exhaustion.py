"""Whoever holds connections, trickles or floods takes the box from nobody (limits §5)."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.security.gate import Gate, open_gate, request_bytes
from visitbridge.api import doorway
from visitbridge.domain.people import BoxRole

PHONES = {"owner": BoxRole.OWNER}
# Sooner than a stranger who says nothing is let go: nobody waits for strangers.
SERVED_WITHIN_S = doorway.FIRST_REQUEST_S
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """Both ends of every connection are in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Gate]:
    async with open_gate(tmp_path, PHONES) as gate:
        yield gate


async def connect(gate: Gate) -> Streams:
    return await asyncio.open_connection("127.0.0.1", gate.port, ssl=gate.trust, server_hostname="127.0.0.1")


async def phone_is_served(gate: Gate) -> float:
    """Seconds that a paired phone waits on a new connection for its answer."""
    began = time.monotonic()
    async with asyncio.timeout(SERVED_WITHIN_S), gate.open_line() as line:
        headers = [("Host", gate.host)]
        status, _ = await line.ask(request_bytes("GET", "/api/phones", headers, phone="owner"))
    assert status == 200
    return time.monotonic() - began


@contextlib.asynccontextmanager
async def many(gate: Gate, number: int, first_bytes: bytes) -> AsyncIterator[list[Streams]]:
    lines: list[Streams] = []
    try:
        for _ in range(number):
            lines.append(await connect(gate))
            lines[-1][1].write(first_bytes)
        yield lines
    finally:
        for _, writer in lines:
            writer.transport.abort()


async def test_a_thousand_idle_connections(gate: Gate) -> None:
    async with many(gate, 1000, b"") as lines:
        assert await phone_is_served(gate) < SERVED_WITHIN_S
        # The oldest strangers were let go, so that they never add up.
        assert await asyncio.wait_for(lines[0][0].read(), PATIENCE_S) == b""


async def test_heads_that_never_end_are_cut(gate: Gate) -> None:
    async with many(gate, 200, b"GET /api/alive HTTP/1.1\r\nX: ") as lines:
        assert await phone_is_served(gate) < SERVED_WITHIN_S
        async with asyncio.timeout(PATIENCE_S):
            while not lines[0][0].at_eof():
                lines[0][1].write(b"a")
                await asyncio.wait({asyncio.ensure_future(lines[0][0].read(1))}, timeout=1)
        assert await phone_is_served(gate) < SERVED_WITHIN_S


async def test_a_phone_keeps_its_line_while_strangers_come(gate: Gate) -> None:
    async with gate.open_line() as line:
        asked = request_bytes("GET", "/api/phones", [("Host", gate.host)], phone="owner")
        await line.ask(asked)
        before = line.opened
        async with many(gate, doorway.STRANGERS_AT_ONCE + 20, b""):
            status, _ = await line.ask(asked)

    assert (status, line.opened) == (200, before)


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: 999999999999",
        "Content-Length: 262145",
        "Content-Length: -1",
        "Content-Length: 5\r\nContent-Length: 6",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "X-Long: " + "a" * 100_000,
        "\r\n".join(f"X-{number}: a" for number in range(3000)),
    ],
    ids=["petabyte", "one too many", "negative", "two lengths", "smuggled", "long header", "many headers"],
)
async def test_oversized_and_broken_requests_are_refused_at_once(gate: Gate, headers: str) -> None:
    reader, writer = await connect(gate)
    head = f"POST /api/pairing-links HTTP/1.1\r\nHost: {gate.host}\r\nOrigin: https://{gate.host}\r\n"
    writer.write(f"{head}Cookie: __Host-vb=owner\r\n{headers}\r\n\r\n".encode())
    status_line = await asyncio.wait_for(reader.readline(), PATIENCE_S)
    await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()

    assert status_line.split()[1] in {b"400", b"413", b"431"}
    assert gate.reached == []
    assert await phone_is_served(gate) < SERVED_WITHIN_S
