"""A tool as a technician runs it, with a terminal of its own, so that what is asked for and not shown is really tried."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import sys
import termios
from collections.abc import AsyncIterator, Mapping

from tests.patience import PATIENCE_S

_ENV = {"LC_ALL": "C.UTF-8", "COLUMNS": "200"}


class Terminal:
    """``seen``: everything that stood on the screen, what was typed included where it was shown."""

    def __init__(self, master: int, process: asyncio.subprocess.Process) -> None:
        self._master = master
        self._process = process
        self._news = asyncio.Event()
        self.seen = ""

    def take(self) -> None:
        try:
            data = os.read(self._master, 4096)
        except OSError:  # the far side is closed
            asyncio.get_running_loop().remove_reader(self._master)
            return
        self.seen += data.decode("utf-8", "replace").replace("\r\n", "\n")
        self._news.set()

    async def wait_seen(self, text: str) -> None:
        """Until ``text`` stands on the screen."""
        async with asyncio.timeout(PATIENCE_S):
            while text not in self.seen:
                self._news.clear()
                await self._news.wait()

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    async def answer(self, prompt: str, text: str) -> None:
        """Type a line once the prompt is there."""
        await self.wait_seen(prompt)
        self.type(f"{text}\n")

    async def wait_end(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            return await self._process.wait()


@contextlib.asynccontextmanager
async def open_terminal(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Terminal]:
    """``python -m ARGUMENTS`` at a terminal; ended with the block."""
    master, slave = os.openpty()

    def own_the_terminal() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *arguments),
        env=dict(os.environ) | _ENV | dict(environment or {}),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=own_the_terminal,
    )
    os.close(slave)
    terminal = Terminal(master, process)
    asyncio.get_running_loop().add_reader(master, terminal.take)
    try:
        yield terminal
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        asyncio.get_running_loop().remove_reader(master)
        os.close(master)


async def run_tool(*arguments: str, typed: str = "") -> tuple[int, str, str]:
    """``python -m ARGUMENTS`` without a terminal: exit code, output, complaints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *arguments),
        env=dict(os.environ) | _ENV,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(typed.encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()
