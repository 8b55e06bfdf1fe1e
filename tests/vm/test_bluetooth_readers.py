"""The reader contract over Bluetooth: simulated readers on the air, and the guest's own kernel and bluetoothd.

The air, and what BlueZ knows of the readers in it, last for the module, whose tests so share one event loop; what the
box holds is new in every test.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import pytest
import pytest_asyncio

from tests.bluetooth import Vault, remembered, system_bus_at
from tests.contract import test_readers as contract
from tests.contract.reader_benches import Bench
from tests.vm.air import Air, open_air
from tests.vm.guest import Guest
from tests.vm.wires import BUS, HCI, SOON_S, Wires, open_socket
from visitbridge.adapters.ble.link import reader_id_of
from visitbridge.adapters.ble.source import BluetoothReaders
from visitbridge.ports.bluetooth import PairingQuestion, RadioState
from visitbridge.sim.ble.acr3901 import SimulatedAcr3901
from visitbridge.sim.ble.br301 import SimulatedBr301
from visitbridge.sim.bluez.device import Unit
from visitbridge.sim.bluez.shapes import ACR3901, BR301
from visitbridge.sim.clock import FakeClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})

_MEET_S = 60.0


def acr3901(number: int) -> Unit:
    """Its address is a static random one (Core 5.3 vol. 6 part B §1.3.2.1)."""
    address = f"F0:F1:F2:F3:F4:A{number}"
    return Unit(SimulatedAcr3901(f"ACR3901U-S1 {number}", reader_id_of(address)), address, ACR3901)


def br301(number: int) -> Unit:
    """Its address is of the same kind."""
    address = f"F0:F1:F2:F3:F4:B{number}"
    return Unit(SimulatedBr301(f"FT_{number}", reader_id_of(address)), address, BR301)


@pytest.fixture(scope="module")
def system_bus(guest: Guest, wires: Wires, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    path = tmp_path_factory.mktemp("wires") / "bus"
    with open_socket(path, wires.ports[BUS]), system_bus_at(path):
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def air(system_bus: None, wires: Wires) -> AsyncIterator[Air]:
    async with open_air(wires.ports[HCI]) as air:
        await introduce(air, [acr3901(1), acr3901(2), br301(1), br301(2)])
        yield air


@pytest_asyncio.fixture(loop_scope="module", params=[acr3901, br301])
async def bench(request: pytest.FixtureRequest, air: Air, clock: FakeClock) -> AsyncIterator[Bench]:
    units = [request.param(number) for number in (1, 2)]
    source = BluetoothReaders(clock, allow_virtual=False)
    for unit in units:
        source.admit(remembered(unit), Vault())
    slots = tuple(unit.reader for unit in units)
    bench = Bench(source, slots, clock, are_virtual=False, soon_s=SOON_S, keeps_order=False)
    async with air.in_reach(units), bench.watched():
        yield bench


async def introduce(air: Air, units: Sequence[Unit]) -> None:
    """Find the readers and pair with them, as a person does on the pairing page."""
    async with air.in_reach(units), open_radio() as source:
        await wait_until(source, lambda: source.state is RadioState.ON)
        for unit in units:
            await source.forget(unit.address)
        await source.start_scan()
        addresses = {unit.address for unit in units}
        await wait_until(source, lambda: addresses <= {heard.address for heard in source.heard()})
        await source.stop_scan()
        for unit in units:
            await source.pair(unit.address, nobody_is_asked)


async def nobody_is_asked(question: PairingQuestion) -> None:
    raise AssertionError(f"Just Works asks nobody, and asked {question}")


@contextlib.asynccontextmanager
async def open_radio() -> AsyncIterator[BluetoothReaders]:
    """The box's Bluetooth without readers."""
    source = BluetoothReaders(FakeClock(), allow_virtual=False)

    async def watch() -> None:
        async for _ in source.watch():
            pass

    watching = asyncio.create_task(watch())
    try:
        yield source
    finally:
        watching.cancel()
        await asyncio.wait({watching})


async def wait_until(source: BluetoothReaders, condition: Callable[[], bool]) -> None:
    changed = asyncio.Event()
    source.when_changed(changed.set)
    async with asyncio.timeout(_MEET_S):
        while not condition():
            changed.clear()
            await changed.wait()
