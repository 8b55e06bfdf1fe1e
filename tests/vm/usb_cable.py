"""Simulated USB readers on cables to the guest."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.vm.readers import wait_count
from visitbridge.sim.usbip.ccid_reader import MODEL, SimulatedUsbReader

MODEL_ID = "feitian-br301"
# pcscd asks a reader for its state after each notice, and misses a swap that is over by then; no hand is that quick.
_SHORTEST_ABSENCE_S = 0.5


class Cable:
    """``port``: of this machine's loopback, where the guest's kernel takes USB devices."""

    def __init__(self, reader: SimulatedUsbReader, port: int) -> None:
        self.reader = reader
        self._port = port
        self._serving: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def plug_in(self) -> None:
        incoming, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._serving = asyncio.create_task(self.reader.serve(incoming, self._writer))

    async def pull_out(self) -> None:
        """One that is not plugged in is no error."""
        self.cut()
        if self._serving is not None:
            await asyncio.wait({self._serving})
            self._serving = None

    def cut(self) -> None:
        """Pull it out now, without waiting for the reader to notice."""
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None


@contextlib.asynccontextmanager
async def open_cables(port: int) -> AsyncIterator[tuple[Cable, Cable]]:
    """Two readers that were just plugged in, one after the other, so that they come in order."""
    cables = (Cable(_reader(1, MODEL), port), Cable(_reader(2, f"{MODEL} #2"), port))
    await asyncio.to_thread(wait_count, 0, MODEL)
    try:
        for number, cable in enumerate(cables, 1):
            await cable.plug_in()
            await asyncio.to_thread(wait_count, number, MODEL)
        yield cables
    finally:
        for cable in cables:
            await cable.pull_out()


def _reader(number: int, label: str) -> SimulatedUsbReader:
    return SimulatedUsbReader(
        label,
        f"pcsc-{MODEL_ID}-{number}-0",
        serial=f"VB000{number}",
        shortest_absence_s=_SHORTEST_ABSENCE_S,
    )
