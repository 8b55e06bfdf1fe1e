"""The survey for whoever sits at the box: a private socket that answers every caller with one report."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from visitbridge.services.environment.report import EnvironmentReport

log = logging.getLogger(__name__)

SOCKET_NAME = "doctor.sock"
_ANSWER_LIMIT_BYTES = 256 * 1024


class DoctorSocket:
    """Service. The folder is private to the daemon's user, so only it and root can connect."""

    name = "doctor"
    critical = False

    def __init__(self, folder: Path, survey: Callable[[], Awaitable[EnvironmentReport]]) -> None:
        self._path = folder / SOCKET_NAME
        self._survey = survey

    async def run(self, ready: Callable[[], None]) -> None:
        self._path.unlink(missing_ok=True)
        try:
            server = await asyncio.start_unix_server(self._answer, self._path)
        except OSError as exc:
            log.warning("no doctor: %s", exc.strerror)
            ready()
            return
        async with server:
            self._path.chmod(0o600)
            ready()
            try:
                await server.serve_forever()
            finally:
                self._path.unlink(missing_ok=True)

    async def _answer(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(msgspec.json.encode(await self._survey()))
            await writer.drain()
        except ConnectionError as exc:
            log.info("doctor: caller left (%s)", exc.strerror)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def ask_doctor(folder: Path, *, within_s: float = 60.0) -> EnvironmentReport | None:
    """The report of the daemon whose runtime folder this is; None when none runs."""
    try:
        reader, writer = await asyncio.open_unix_connection(folder / SOCKET_NAME)
    except OSError:
        return None
    try:
        async with asyncio.timeout(within_s):
            answer = await reader.read(_ANSWER_LIMIT_BYTES)
            while piece := await reader.read(_ANSWER_LIMIT_BYTES):
                answer += piece
        return msgspec.json.decode(answer, type=EnvironmentReport)
    except (TimeoutError, msgspec.DecodeError, ConnectionError):
        return None
    finally:
        writer.close()
