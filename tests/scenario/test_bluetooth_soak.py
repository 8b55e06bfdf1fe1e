"""A week of readers that fall asleep: a thousand reconnections through D-Bus leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from dbus_fast import Message
from dbus_fast.aio import MessageBus

from tests.bluetooth import Vault, acr3901_unit, br301_unit, open_bus, remembered
from tests.contract.reader_benches import Watching
from tests.patience import PATIENCE_S
from visitbridge.adapters.ble.source import BluetoothReaders
from visitbridge.ports.cards import ReaderState
from visitbridge.sim.bluez.device import Unit
from visitbridge.sim.bluez.double import open_bluez
from visitbridge.sim.clock import FakeClock

_RECONNECTIONS = 1000


async def match_rules(address: str) -> int:
    """How many match rules all clients of a bus have, by the D-Bus daemon's own statistics."""
    bus = await MessageBus(bus_address=address).connect()
    try:
        answer = await bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus.Debug.Stats",
                member="GetAllMatchRules",
            )
        )
    finally:
        bus.disconnect()
    return sum(len(rules) for rules in answer.body[0].values())


def open_files() -> int:
    """How many descriptors this process has open."""
    return len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))


@pytest.mark.parametrize("new_unit", [acr3901_unit, br301_unit], ids=["ACR3901", "bR301"])
async def test_a_thousand_reconnections_leave_nothing_behind(
    new_unit: Callable[..., Unit], clock: FakeClock
) -> None:
    unit = new_unit()
    async with open_bus() as bus, open_bluez(bus.address, [unit]):
        source = BluetoothReaders(clock, allow_virtual=True)
        source.admit(remembered(unit), Vault())
        watching = Watching()
        task = asyncio.create_task(watching.follow(source))
        await watching.wait_told(lambda info: info.state is ReaderState.EMPTY)

        async def held() -> tuple[int, int, int, int]:
            tasks, threads = len(asyncio.all_tasks()), threading.active_count()
            return await match_rules(bus.address), open_files(), threads, tasks

        before = await held()
        for _ in range(_RECONNECTIONS):
            told = len(watching.told)
            unit.reader.go_to_sleep()
            async with asyncio.timeout(PATIENCE_S), watching.changed:
                while len(watching.told) < told + 2:
                    await watching.changed.wait()
        assert await held() == before
        assert watching.told[-1].state is ReaderState.EMPTY
        assert unit.reader.connections == _RECONNECTIONS + 1
        task.cancel()
        await asyncio.wait({task})
