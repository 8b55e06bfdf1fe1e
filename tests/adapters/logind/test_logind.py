"""Asking logind on a real bus: the call that leaves, and every way in which it is refused."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bluetooth import system_bus_at
from visitbridge.adapters.logind import LogindMachine
from visitbridge.errors import SwitchOffRefused
from visitbridge.runtime.wiping import WIPING_ENVIRONMENT
from visitbridge.sim.bluez.bus import PrivateBus, open_private_bus
from visitbridge.sim.logind import REFUSED, LogindDouble, open_logind

_OFTEN = 500


@pytest.fixture
async def bus() -> AsyncIterator[PrivateBus]:
    async with open_private_bus() as opened:
        with system_bus_at(Path(opened.address.removeprefix("unix:path="))):
            yield opened


@pytest.fixture
async def logind(bus: PrivateBus) -> AsyncIterator[LogindDouble]:
    async with open_logind(bus.address) as double:
        yield double


async def test_the_machine_is_asked_without_a_dialogue(logind: LogindDouble) -> None:
    await LogindMachine().power_off()
    assert logind.asked == [False]


async def test_what_polkit_refuses_is_said_by_its_name(logind: LogindDouble) -> None:
    logind.refuses = True
    with pytest.raises(SwitchOffRefused) as caught:
        await LogindMachine().power_off()
    assert caught.value.detail == REFUSED
    assert logind.asked == []


async def test_a_bus_without_logind(bus: PrivateBus) -> None:
    with pytest.raises(SwitchOffRefused, match="ServiceUnknown"):
        await LogindMachine().power_off()


async def test_a_machine_without_a_bus() -> None:
    with pytest.raises(SwitchOffRefused):
        await LogindMachine().power_off()


async def test_asking_leaves_nothing_that_glibs_thread_still_looks_at(logind: LogindDouble) -> None:
    """Each connection ends in the thread that asked. Memory that is used after it was freed ends the process: the C library finds
    it with the settings of the gateway's unit.
    """
    program = (sys.executable, "-m", "tests.adapters.logind.beside_glib", str(_OFTEN))
    process = await asyncio.create_subprocess_exec(
        *program, env={**os.environ, **WIPING_ENVIRONMENT}, cwd=Path(__file__).parents[3]
    )

    assert await process.wait() == 0
    assert len(logind.asked) == _OFTEN
