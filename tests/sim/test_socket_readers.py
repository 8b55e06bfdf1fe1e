from __future__ import annotations

import asyncio
import socket

import pytest

from tests.contract.demo_card import ATR_T1
from tests.contract.reader_benches import Bench, open_sockets
from visitbridge.errors import ConfigError, ReaderUnavailable
from visitbridge.ports.cards import ReaderState
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.socket_readers import SocketReaders
from visitbridge.sim.vpcd import frame


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104 - refused, which is the point
def test_only_loopback_is_listened_on(host: str, clock: FakeClock) -> None:
    with pytest.raises(ConfigError):
        SocketReaders([(host, 7000)], clock)


async def test_a_taken_port_is_told(clock: FakeClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        source = SocketReaders([("127.0.0.1", taken.getsockname()[1])], clock)
        with pytest.raises(ReaderUnavailable, match="is taken"):
            await anext(source.watch())


async def test_a_port_takes_one_card_at_a_time(clock: FakeClock) -> None:
    async with open_sockets(clock) as bench:
        port = _port_of(bench)
        card, impatient = await _open(port), await _open(port)
        await _answer_atr(*card)
        await bench.watching.wait_told(lambda info: info.state is ReaderState.CARD)
        assert await impatient[0].read() == b""
        await _close(card[1], impatient[1])


async def test_a_visitor_that_says_nothing_is_no_card(clock: FakeClock) -> None:
    async with open_sockets(clock) as bench:
        port = _port_of(bench)
        reader, writer = await _open(port)
        assert await reader.readexactly(6) == bytes.fromhex("000101000104")
        await _close(writer)
        again = await _open(port)
        await _answer_atr(*again)
        found = await bench.watching.wait_told(lambda info: info.state is ReaderState.CARD)
        assert found.insertion == 1
        await _close(again[1])


@pytest.mark.parametrize("atr", [b"", b"\x3b" * 34], ids=["empty", "too long"])
async def test_what_is_no_atr_is_a_mute_card(clock: FakeClock, atr: bytes) -> None:
    async with open_sockets(clock) as bench:
        reader, writer = await _open(_port_of(bench))
        await _answer_atr(reader, writer, atr)
        await bench.watching.wait_told(lambda info: info.state is ReaderState.MUTE)
        await _close(writer)


def _port_of(bench: Bench) -> int:
    source = bench.source
    assert isinstance(source, SocketReaders)
    return source.addresses[0][1]


async def _open(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def _answer_atr(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, atr: bytes = ATR_T1
) -> None:
    # vsmartcard's documentation: a length of two bytes; 01 power on, 04 give the ATR.
    assert await reader.readexactly(6) == bytes.fromhex("000101000104")
    writer.write(frame(atr))


async def _close(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        writer.close()
        await writer.wait_closed()
