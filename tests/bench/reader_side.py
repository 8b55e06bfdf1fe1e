"""The other side of the readers, in a process of its own: a private pcscd with virtual slots and the cards in them.

``python -m tests.bench.reader_side`` prints the path of pcscd's socket; then it takes one order a line on standard
input, ``insert SLOT MS`` (a card that takes MS milliseconds for each command) or ``pull SLOT``, and says ``ok`` to
each. It ends with its input.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from tests.contract.demo_card import ATR_T0, DemoCard
from tests.pcsc import clients_of
from visitbridge.sim.pcscd import PrivatePcscd, open_pcscd


class TimedCard(DemoCard):
    """A card whose commands take their time, as they do at the speed of its contacts."""

    def __init__(self, command_s: float) -> None:
        super().__init__(ATR_T0)
        self._command_s = command_s

    def execute(self, apdu: bytes) -> bytes:
        # Nothing else runs in this process, so it may be held up.
        time.sleep(self._command_s)
        return super().execute(apdu)


class ReaderSide:
    """The process as its parent sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def insert(self, *, slot: int = 0, command_s: float = 0.0) -> None:
        await self._order(f"insert {slot} {command_s * 1e3:g}")

    async def pull(self, *, slot: int = 0) -> None:
        await self._order(f"pull {slot}")

    async def _order(self, order: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{order}\n".encode())
        assert await self._process.stdout.readline() == b"ok\n"


@contextlib.asynccontextmanager
async def open_reader_side() -> AsyncIterator[ReaderSide]:
    """PC/SC calls of this process, and of children that inherit its environment, go to that pcscd."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.reader_side"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        path = (await process.stdout.readline()).decode().strip()
        with clients_of(Path(path)):
            yield ReaderSide(process)
    finally:
        process.stdin.close()
        await process.wait()


async def _serve() -> None:
    async with open_pcscd(slots=2) as pcscd:
        sys.stdout.write(f"{pcscd.socket_path}\n")
        sys.stdout.flush()
        orders = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
        )
        while line := (await orders.readline()).decode():
            await _carry_out(pcscd, line.split())
            sys.stdout.write("ok\n")
            sys.stdout.flush()


async def _carry_out(pcscd: PrivatePcscd, order: list[str]) -> None:
    match order:
        case ["insert", slot, milliseconds]:
            await pcscd.slots[int(slot)].insert(TimedCard(float(milliseconds) / 1e3))
        case ["pull", slot]:
            await pcscd.slots[int(slot)].pull()


if __name__ == "__main__":
    asyncio.run(_serve())
