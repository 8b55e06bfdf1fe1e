"""Orders over the private socket: answered, refused in words, and never waited for for ever."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from visitbridge.adapters.console import SOCKET_NAME, ConsoleSocket, order
from visitbridge.errors import NameMissing


class Echo(msgspec.Struct, frozen=True):
    said: str


async def echo(text: str) -> Echo:
    return Echo(said=text)


async def refuse(_: str) -> Echo:
    raise NameMissing("not for x", field="certificate", params={"name": "x"})


@contextlib.asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[None]:
    ready = asyncio.Event()
    console = ConsoleSocket(folder, {"echo": echo, "refuse": refuse})
    task = asyncio.create_task(console.run(ready.set))
    await ready.wait()
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_an_order_is_answered_and_the_socket_is_private(tmp_path: Path) -> None:
    async with serving(tmp_path):
        answer = await order(tmp_path, "echo", "中文\n第二行")
        mode = (tmp_path / SOCKET_NAME).stat().st_mode & 0o777

    assert answer is not None
    assert msgspec.json.decode(answer.answer, type=Echo) == Echo(said="中文\n第二行")
    assert mode == 0o600
    assert not (tmp_path / SOCKET_NAME).exists()


@pytest.mark.parametrize(
    ("command", "code", "params"), [("refuse", "GW-CRT-03", {"name": "x"}), ("other", "GW-REQ-04", {})]
)
async def test_a_refusal_comes_with_its_code(
    tmp_path: Path, command: str, code: str, params: dict[str, str]
) -> None:
    async with serving(tmp_path):
        answer = await order(tmp_path, command)

    assert answer is not None
    assert answer.problem is not None
    assert (answer.problem.code, answer.problem.params) == (code, params)


@pytest.mark.parametrize("sent", [b"", b"nonsense\n", b"{}\n", b"x" * 100_000])
async def test_what_is_no_order_ends_the_connection_and_nothing_else(tmp_path: Path, sent: bytes) -> None:
    async with serving(tmp_path):
        reader, writer = await asyncio.open_unix_connection(tmp_path / SOCKET_NAME)
        writer.write(sent)
        writer.write_eof()
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()

        assert await order(tmp_path, "echo", "still here") is not None


async def test_no_daemon_is_no_answer(tmp_path: Path) -> None:
    assert await order(tmp_path, "echo") is None
