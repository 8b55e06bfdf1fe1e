"""A virtual modem on a real pseudo-terminal with the real adapter on its other side."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from tests.patience import PATIENCE_S
from visitbridge.adapters.modem.at_modem import AtModem
from visitbridge.adapters.modem.places import LinkedPort
from visitbridge.adapters.modem.profiles import PROFILES, ModemProfile
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.sim.modem import ModemSetup, VirtualModem

CLOCK = SystemClock(floor=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def quick(name: str) -> ModemProfile:
    """A profile that does not let the radio rest for ten seconds."""
    return msgspec.structs.replace(PROFILES[name], radio_rest_s=0.01)


@asynccontextmanager
async def open_bench(
    folder: Path, setup: ModemSetup | None = None
) -> AsyncIterator[tuple[VirtualModem, AtModem]]:
    """A plugged-in modem, registered, and the adapter for it."""
    setup = setup or ModemSetup()
    async with VirtualModem(folder / "modem-at", setup).open() as virtual:
        yield virtual, AtModem(LinkedPort(virtual.link, allow_virtual=True), quick(setup.family), CLOCK)


async def eventually(condition: Callable[[], object]) -> None:
    """Wait until ``condition`` holds; real time, since a terminal is real."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.005)
