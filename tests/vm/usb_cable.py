"""The cable of a simulated USB reader to the guest."""

from __future__ import annotations

import asyncio

from visitbridge.sim.usbip.ccid_reader import SimulatedUsbReader


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
        if self._serving is None or self._writer is None:
            return
        self._writer.close()
        self._serving.cancel()
        await asyncio.wait({self._serving})
        self._serving = self._writer = None
