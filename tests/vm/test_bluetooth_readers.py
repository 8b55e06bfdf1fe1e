"""The reader contract over Bluetooth: simulated readers on the air, and the guest's own kernel and bluetoothd.

The air, and what BlueZ knows of the readers in it, last for the module, whose tests so share one event loop; what the
box holds is new in every test.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from tests.bluetooth import Vault, remembered, system_bus_at
from tests.contract import test_readers as contract
from tests.contract.reader_benches import Bench
from tests.vm.air import Air, open_air
from tests.vm.guest import Guest
from tests.vm.wires import BUS, HCI, SOON_S, Wires, open_socket
from visitbridge.adapters.ble import rfkill
from visitbridge.adapters.ble.link import reader_id_of
from visitbridge.adapters.ble.source import BluetoothReaders
from visitbridge.errors import BluetoothUnavailable, PairingFailed
from visitbridge.ports.bluetooth import PairingQuestion, QuestionKind, RadioState
from visitbridge.sim.ble.acr3901 import SimulatedAcr3901
from visitbridge.sim.ble.br301 import SimulatedBr301
from visitbridge.sim.bluez.device import Unit
from visitbridge.sim.bluez.shapes import ACR3901, BR301, Bonding
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


class PassingClock(FakeClock):
    """Waits end after as much real time, too: a reader that a busy machine did not reach is tried again."""

    async def wait_until(self, monotonic_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, monotonic_s - self.monotonic())):
                await super().wait_until(monotonic_s)


@pytest.fixture
def clock() -> FakeClock:
    return PassingClock()


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


@pytest.fixture
def strange(air: Air) -> Unit:
    """A reader that the box never met."""
    return acr3901(9)


async def test_numbers_are_compared_where_the_reader_shows_one(air: Air, strange: Unit) -> None:
    strange.bonding = Bonding.COMPARE
    asked = []

    async def agree(question: PairingQuestion) -> None:
        asked.append(question)

    async with air.in_reach([strange]) as (peripheral,), open_radio() as source:
        await find(source, [strange])
        await source.pair(strange.address, agree)
        await source.forget(strange.address)
    assert asked == [
        PairingQuestion(kind=QuestionKind.COMPARE, number=f"{number:06d}")
        for number in peripheral.fingers.compared
    ]


async def test_the_number_on_the_reader_is_asked_for(air: Air, strange: Unit) -> None:
    strange.bonding, strange.passkey = Bonding.ENTER, 1234
    asked = []

    async def enter(question: PairingQuestion) -> int:
        asked.append(question)
        return strange.passkey

    async with air.in_reach([strange]), open_radio() as source:
        await find(source, [strange])
        await source.pair(strange.address, enter)
        await source.forget(strange.address)
    assert asked == [PairingQuestion(kind=QuestionKind.ENTER)]


async def test_another_number_than_the_readers_is_refused(air: Air, strange: Unit) -> None:
    strange.bonding, strange.passkey = Bonding.ENTER, 1234

    async def enter_another(_question: PairingQuestion) -> int:
        return 4321

    async with air.in_reach([strange]), open_radio() as source:
        await find(source, [strange])
        with pytest.raises(PairingFailed) as failed:
            await source.pair(strange.address, enter_another)
        await source.forget(strange.address)
    assert failed.value.params == {"reason": "refused"}


async def test_a_number_to_type_at_the_reader_is_shown(air: Air, strange: Unit) -> None:
    strange.bonding = Bonding.SHOW

    async with air.in_reach([strange]) as (peripheral,), open_radio() as source:

        async def type_it(question: PairingQuestion) -> None:
            peripheral.fingers.typed.set_result(int(question.number))

        await find(source, [strange])
        await source.pair(strange.address, type_it)
        await source.forget(strange.address)
    assert peripheral.fingers.typed.done()


async def test_an_adapter_that_was_blocked_is_on_when_it_was_switched_on(air: Air, guest: Guest) -> None:
    """bluetoothd switches it on by itself as well, once rfkill lets it."""
    async with open_radio() as source:
        await wait_until(source, lambda: source.state is RadioState.ON)
        guest.run("rfkill", "block", "bluetooth")
        await wait_until(source, lambda: source.state is not RadioState.ON)
        guest.run("rfkill", "unblock", "bluetooth")
        await source.power_on()
        assert source.state is RadioState.ON


async def test_an_adapter_that_rfkill_blocks_is_said_to_be_blocked(
    air: Air, guest: Guest, tmp_path: Path
) -> None:
    """As soon as it is, to whoever switches it on, and by a box that starts while it is."""

    def is_blocked() -> bool:
        """By what the guest's kernel shows of its switches."""
        shown = guest.run("sh", "-c", "cd /sys/class/rfkill && grep '' */type */soft */hard")
        for line in shown.splitlines():
            file, value = line.split(":", 1)
            (tmp_path / file).parent.mkdir(exist_ok=True)
            (tmp_path / file).write_text(value)
        return rfkill.is_blocked(tmp_path)

    try:
        async with open_radio(is_blocked) as source:
            await wait_until(source, lambda: source.state is RadioState.ON)
            assert not is_blocked()
            guest.run("rfkill", "block", "bluetooth")
            await wait_until(source, lambda: source.state is RadioState.BLOCKED)
            with pytest.raises(BluetoothUnavailable) as refused:
                await source.power_on()
        async with open_radio(is_blocked) as started:
            await wait_until(started, lambda: started.state is RadioState.BLOCKED)
            guest.run("rfkill", "unblock", "bluetooth")
            await started.power_on()
    finally:
        guest.run("rfkill", "unblock", "bluetooth")
    assert refused.value.params == {"state": "blocked"}


async def introduce(air: Air, units: Sequence[Unit]) -> None:
    """Find the readers and pair with them, as a person does on the pairing page."""
    async with air.in_reach(units), open_radio() as source:
        await find(source, units)
        for unit in units:
            await source.pair(unit.address, nobody_is_asked)


async def find(source: BluetoothReaders, units: Sequence[Unit]) -> None:
    """Hear the readers, which the box does not know."""
    await wait_until(source, lambda: source.state is RadioState.ON)
    for unit in units:
        await source.forget(unit.address)
    await source.start_scan()
    addresses = {unit.address for unit in units}
    await wait_until(source, lambda: addresses <= {heard.address for heard in source.heard()})
    await source.stop_scan()


async def nobody_is_asked(question: PairingQuestion) -> None:
    raise AssertionError(f"Just Works asks nobody, and asked {question}")


@contextlib.asynccontextmanager
async def open_radio(is_blocked: Callable[[], bool] = lambda: False) -> AsyncIterator[BluetoothReaders]:
    """The box's Bluetooth without readers."""
    source = BluetoothReaders(FakeClock(), allow_virtual=False, is_blocked=is_blocked)

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
