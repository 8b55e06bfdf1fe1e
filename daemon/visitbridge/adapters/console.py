"""Orders from the shell of the box: a private socket that takes one command a connection and answers it.

The folder is private to the daemon's user, so only it and root can connect.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec

from visitbridge.errors import NotFound, VisitBridgeError

log = logging.getLogger(__name__)

SOCKET_NAME = "console.sock"
_REQUEST_LIMIT_BYTES = 64 * 1024
_ANSWER_LIMIT_BYTES = 256 * 1024
_REQUEST_WITHIN_S = 5.0

Command = Callable[[str], Awaitable[msgspec.Struct]]
"""What a command does with its text."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Sent as one line of JSON."""

    command: str
    text: str = ""


class ConsoleProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal, as errors carry it."""

    code: str
    detail: str
    params: dict[str, str | int]
    field: str | None = None


class ConsoleAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One of both."""

    answer: msgspec.Raw = msgspec.Raw(b"null")
    problem: ConsoleProblem | None = None


def _no_such_command() -> VisitBridgeError:
    return NotFound("no such command")


class ConsoleSocket:
    """Service. ``absent``: what is said to an order that is none of ``commands``."""

    name = "console"
    critical = False

    def __init__(
        self,
        folder: Path,
        commands: Mapping[str, Command],
        *,
        absent: Callable[[], VisitBridgeError] = _no_such_command,
    ) -> None:
        self._path = folder / SOCKET_NAME
        self._commands = commands
        self._absent = absent

    async def run(self, ready: Callable[[], None]) -> None:
        self._path.unlink(missing_ok=True)
        try:
            server = await asyncio.start_unix_server(self._serve, self._path, limit=_REQUEST_LIMIT_BYTES)
        except OSError as exc:
            log.warning("no console: %s", exc.strerror)
            ready()
            return
        async with server:
            self._path.chmod(0o600)
            ready()
            try:
                await server.serve_forever()
            finally:
                self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_WITHIN_S):
                line = await reader.readline()
            writer.write(msgspec.json.encode(await self._answer(line)))
            await writer.drain()
        except (ConnectionError, TimeoutError, ValueError, msgspec.DecodeError) as exc:
            log.info("console: no whole order (%s)", type(exc).__name__)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, line: bytes) -> ConsoleAnswer:
        order = msgspec.json.decode(line, type=Order)
        try:
            command = self._commands.get(order.command)
            if command is None:
                raise self._absent()
            return ConsoleAnswer(answer=msgspec.Raw(msgspec.json.encode(await command(order.text))))
        except VisitBridgeError as exc:
            return ConsoleAnswer(
                problem=ConsoleProblem(code=exc.code, detail=exc.detail, params=exc.params, field=exc.field)
            )


async def order(
    folder: Path, command: str, text: str = "", *, within_s: float = 60.0
) -> ConsoleAnswer | None:
    """The answer of the daemon whose runtime folder this is; None when none runs."""
    try:
        reader, writer = await asyncio.open_unix_connection(folder / SOCKET_NAME)
    except OSError:
        return None
    try:
        async with asyncio.timeout(within_s):
            writer.write(msgspec.json.encode(Order(command=command, text=text)) + b"\n")
            await writer.drain()
            answer = b""
            while piece := await reader.read(_ANSWER_LIMIT_BYTES):
                answer += piece
        return msgspec.json.decode(answer, type=ConsoleAnswer)
    except (TimeoutError, msgspec.DecodeError, ConnectionError):
        return None
    finally:
        writer.close()
