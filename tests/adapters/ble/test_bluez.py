"""Bluetooth through D-Bus: the real binding against the double of BlueZ, and what goes wrong between them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from tests.bluetooth import (
    Vault,
    acr3901_unit,
    br301_unit,
    open_bluetooth,
    open_bus,
    remembered,
    system_bus_of,
)
from tests.contract.demo_card import GET_DATA, RECORD, SELECT_NHI, DemoCard
from tests.contract.reader_benches import Watching
from tests.patience import PATIENCE_S
from visitbridge.adapters.ble.binding.connection import Bluez
from visitbridge.adapters.ble.bluez import BluezFault
from visitbridge.adapters.ble.link import BluezPeripheral
from visitbridge.adapters.ble.radio import Radio
from visitbridge.adapters.ble.source import BluetoothReaders
from visitbridge.errors import (
    BluetoothUnavailable,
    DeviceError,
    DeviceTimeout,
    PairingFailed,
    PairingLost,
    ReaderUnavailable,
    VisitBridgeError,
)
from visitbridge.ports.bluetooth import (
    VIRTUAL_ADAPTER_NAME,
    PairingQuestion,
    QuestionKind,
    RadioState,
    ReaderFamily,
)
from visitbridge.ports.cards import ReaderCapability, ReaderInfo, ReaderState
from visitbridge.sim.ble.acr3901 import SimulatedAcr3901
from visitbridge.sim.bluez.bus import open_private_bus
from visitbridge.sim.bluez.device import Unit
from visitbridge.sim.bluez.double import BluezDouble, open_bluez
from visitbridge.sim.bluez.objects import BluezError
from visitbridge.sim.bluez.shapes import BR301, AdapterState, Bonding, Service, Shape
from visitbridge.sim.clock import FakeClock

OK = b"\x90\x00"

both = pytest.mark.parametrize("new_unit", [acr3901_unit, br301_unit], ids=["ACR3901", "bR301"])


@contextlib.asynccontextmanager
async def watched(source: BluetoothReaders) -> AsyncIterator[Watching]:
    watching = Watching()
    task = asyncio.create_task(watching.follow(source))
    try:
        yield watching
    finally:
        task.cancel()
        await asyncio.wait({task})


async def wait_bluetooth(source: BluetoothReaders, condition: Callable[[], bool]) -> None:
    """Return once a condition on Bluetooth holds."""
    changed = asyncio.Event()
    source.when_changed(changed.set)
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            changed.clear()
            await changed.wait()


def is_state(state: ReaderState) -> Callable[[ReaderInfo], bool]:
    return lambda info: info.state is state


async def agree(_question: PairingQuestion) -> None:
    return None


async def read_card(source: BluetoothReaders) -> bytes:
    async with source.readers()[0].open_session("reading", deadline_s=10) as channel:
        await channel.transmit(SELECT_NHI)
        return await channel.transmit(GET_DATA)


# --- finding and pairing ---


async def test_readers_of_known_families_are_heard_while_somebody_scans(clock: FakeClock) -> None:
    near, far, headset = acr3901_unit(is_paired=False), br301_unit(is_paired=False), headset_unit()
    near.rssi_dbm, far.rssi_dbm = -48, -80
    async with open_bluetooth(clock, [far, headset, near]) as (source, double), watched(source):
        await wait_bluetooth(source, lambda: source.state is RadioState.ON)
        assert (source.heard(), double.is_scanning) == ((), False)

        await source.start_scan()
        await wait_bluetooth(source, lambda: len(source.heard()) == 2)

        assert [(heard.address, heard.name, heard.family, heard.signal_dbm) for heard in source.heard()] == [
            (near.address, "ACR3901U-S1 1", ReaderFamily.ACS, -48),
            (far.address, "FT_1", ReaderFamily.FEITIAN, -80),
        ]
        assert double.filters == [{"Transport": "le"}]
        await source.stop_scan()
        assert not double.is_scanning


@pytest.mark.parametrize(
    ("new_unit", "capability"),
    [
        (acr3901_unit, ReaderCapability(battery=True, signal=True, own_key=True, sleeps=True)),
        (br301_unit, ReaderCapability(battery=True, signal=True)),
    ],
    ids=["ACR3901", "bR301"],
)
async def test_a_reader_says_what_its_family_has(
    clock: FakeClock, new_unit: Callable[[], Unit], capability: ReaderCapability
) -> None:
    async with open_bluetooth(clock, [new_unit()]) as (source, _):
        assert [reader.info.capability for reader in source.readers()] == [capability]


async def test_the_scan_ends_with_the_box(clock: FakeClock) -> None:
    async with open_bus() as bus, open_bluez(bus.address, []) as double:
        source = BluetoothReaders(clock, allow_virtual=True)
        async with watched(source):
            await wait_bluetooth(source, lambda: source.state is RadioState.ON)
            await source.start_scan()
        async with asyncio.timeout(PATIENCE_S):
            await double.wait_unused()


@both
async def test_a_paired_reader_works(new_unit: Callable[..., Unit], clock: FakeClock) -> None:
    unit = new_unit(is_paired=False)
    async with open_bluetooth(clock, [unit]) as (source, double), watched(source) as watching:
        await wait_bluetooth(source, lambda: source.state is RadioState.ON)
        await source.start_scan()
        await wait_bluetooth(source, lambda: len(source.heard()) == 1)
        await source.pair(unit.address, agree)
        assert unit.is_paired
        await source.stop_scan()
        await double.expire()

        source.admit(remembered(unit), Vault())
        await watching.wait_told(is_state(ReaderState.EMPTY))
        await unit.reader.insert(DemoCard())
        await watching.wait_told(is_state(ReaderState.CARD))
        assert await read_card(source) == RECORD + OK


@pytest.mark.parametrize(
    ("bonding", "question"),
    [
        (Bonding.COMPARE, PairingQuestion(kind=QuestionKind.COMPARE, number="001234")),
        (Bonding.ENTER, PairingQuestion(kind=QuestionKind.ENTER)),
        (Bonding.SHOW, PairingQuestion(kind=QuestionKind.SHOW, number="001234")),
    ],
)
async def test_what_pairing_asks_reaches_a_person(
    bonding: Bonding, question: PairingQuestion, clock: FakeClock
) -> None:
    unit = acr3901_unit(is_paired=False)
    unit.bonding, unit.passkey = bonding, 1234
    asked: list[PairingQuestion] = []

    async def answer(question: PairingQuestion) -> int | None:
        asked.append(question)
        return 1234 if question.kind is QuestionKind.ENTER else None

    async with scanned(unit, clock) as (source, _):
        await source.pair(unit.address, answer)

    assert asked == [question]
    assert unit.is_paired


async def test_a_number_that_differs_ends_the_pairing(clock: FakeClock) -> None:
    unit = acr3901_unit(is_paired=False)
    unit.bonding = Bonding.COMPARE

    async def refuse(_question: PairingQuestion) -> None:
        raise PairingFailed

    async with scanned(unit, clock) as (source, _):
        with pytest.raises(PairingFailed) as refused:
            await source.pair(unit.address, refuse)

    assert refused.value.params == {"reason": "refused"}
    assert not unit.is_paired


async def test_a_wrong_passkey_ends_the_pairing(clock: FakeClock) -> None:
    unit = acr3901_unit(is_paired=False)
    unit.bonding, unit.passkey = Bonding.ENTER, 1234

    async def guess(_question: PairingQuestion) -> int:
        return 4321

    async with scanned(unit, clock) as (source, _):
        with pytest.raises(PairingFailed):
            await source.pair(unit.address, guess)
        await source.pair(unit.address, lambda _question: _give(1234))

    assert unit.is_paired


async def test_pairing_that_a_person_leaves_is_cancelled(clock: FakeClock) -> None:
    unit = acr3901_unit(is_paired=False)
    unit.bonding = Bonding.COMPARE
    is_asked = asyncio.Event()

    async def think(_question: PairingQuestion) -> None:
        is_asked.set()
        await asyncio.get_running_loop().create_future()

    async with scanned(unit, clock) as (source, _):
        pairing = asyncio.create_task(source.pair(unit.address, think))
        await asyncio.wait_for(is_asked.wait(), PATIENCE_S)
        pairing.cancel()
        await asyncio.wait({pairing})
        await source.pair(unit.address, agree)

    assert pairing.cancelled()
    assert unit.is_paired


async def test_a_reader_that_is_gone_cannot_be_paired(clock: FakeClock) -> None:
    unit = acr3901_unit(is_paired=False)
    async with scanned(unit, clock) as (source, double):
        unit.reader.in_reach = False
        with pytest.raises(PairingFailed) as gone:
            await source.pair(unit.address, agree)
        await double.expire()
        with pytest.raises(PairingFailed):
            await source.pair(unit.address, agree)
    assert gone.value.params == {"reason": "unreachable"}


async def test_a_forgotten_reader_is_unknown_to_bluez_too(clock: FakeClock) -> None:
    unit = br301_unit()
    async with open_bluetooth(clock, [unit]) as (source, _), watched(source) as watching:
        await watching.wait_told(is_state(ReaderState.EMPTY))
        source.dismiss(unit.reader.reader_id)
        await source.forget(unit.address)
        await source.forget(unit.address)
    assert [info.state for info in watching.told] == [ReaderState.EMPTY]
    assert source.readers() == ()
    assert not unit.is_paired


async def test_a_bond_that_only_bluez_kept_is_as_good_as_a_new_one(clock: FakeClock) -> None:
    unit = br301_unit()
    async with open_bus() as bus, open_bluez(bus.address, [unit]):
        source = BluetoothReaders(clock, allow_virtual=True)
        async with watched(source):
            await wait_bluetooth(source, lambda: len(source.heard()) == 1)
            await source.pair(unit.address, agree)


async def test_a_reader_is_given_back_as_it_came_from_the_factory(clock: FakeClock) -> None:
    unit, vault = acr3901_unit(), Vault()
    async with open_bus() as bus, open_bluez(bus.address, [unit]):
        source = BluetoothReaders(clock, allow_virtual=True)
        source.admit(remembered(unit), vault)
        async with watched(source) as watching:
            await watching.wait_told(is_state(ReaderState.EMPTY))
            assert isinstance(unit.reader, SimulatedAcr3901)
            assert unit.reader.master_key == vault.key
            await source.give_back(unit.reader.reader_id)
    assert unit.reader.master_key == b"\xff" * 16
    assert vault.key is None


# --- the adapter ---


@pytest.mark.parametrize(
    ("adapter", "state"),
    [
        (AdapterState.ON, RadioState.ON),
        (AdapterState.OFF, RadioState.ON),
        (AdapterState.BLOCKED, RadioState.BLOCKED),
        (AdapterState.MISSING, RadioState.MISSING),
    ],
)
async def test_the_adapter_is_switched_on_at_the_start_if_that_is_possible(
    adapter: AdapterState, state: RadioState, clock: FakeClock
) -> None:
    async with open_bluetooth(clock, [], state=adapter) as (source, _), watched(source):
        await wait_bluetooth(source, lambda: source.state is state)


@pytest.mark.parametrize(
    ("adapter", "state"),
    [
        (AdapterState.OFF, RadioState.OFF),
        (AdapterState.BLOCKED, RadioState.BLOCKED),
        (AdapterState.MISSING, RadioState.MISSING),
    ],
)
async def test_readers_come_back_with_the_adapter(
    adapter: AdapterState, state: RadioState, clock: FakeClock
) -> None:
    async with open_bluetooth(clock, [acr3901_unit()]) as (source, double), watched(source) as watching:
        await watching.wait_told(is_state(ReaderState.EMPTY))
        await double.set_state(adapter)
        await watching.wait_told(is_state(ReaderState.UNAVAILABLE))
        await wait_bluetooth(source, lambda: source.state is state)
        with pytest.raises(BluetoothUnavailable) as unusable:
            await source.start_scan()
        await double.set_state(AdapterState.ON)
        await watching.wait_told(is_state(ReaderState.EMPTY))
    assert unusable.value.params == {"state": state.value}


async def test_a_switched_off_adapter_is_left_off_until_somebody_asks(clock: FakeClock) -> None:
    async with open_bluetooth(clock, []) as (source, double), watched(source):
        await wait_bluetooth(source, lambda: source.state is RadioState.ON)
        await double.set_state(AdapterState.OFF)
        await wait_bluetooth(source, lambda: source.state is RadioState.OFF)
        await source.power_on()
        assert source.state is RadioState.ON


@pytest.mark.parametrize(
    ("name", "state"),
    [("a real adapter", RadioState.BLOCKED), (VIRTUAL_ADAPTER_NAME, RadioState.OFF)],
    ids=["the machine's", "simulated, which is not the machine's to switch"],
)
async def test_an_adapter_that_goes_off_by_rfkill_is_blocked_though_bluez_says_off(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch, name: str, state: RadioState
) -> None:
    """What bluetoothd of Debian 12 leaves unsaid."""
    monkeypatch.setattr("visitbridge.sim.bluez.double.VIRTUAL_ADAPTER_NAME", name)
    async with open_bus() as bus, open_bluez(bus.address, []) as double:
        source = BluetoothReaders(clock, allow_virtual=True, is_blocked=lambda: True)
        async with watched(source):
            await wait_bluetooth(source, lambda: source.state is RadioState.ON)
            await double.set_state(AdapterState.OFF)
            await wait_bluetooth(source, lambda: source.state is not RadioState.ON)
            assert source.state is state


async def test_an_adapter_that_rfkill_keeps_off_is_blocked_whatever_bluez_calls_its_refusal(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start, and to whoever switches it on. bluetoothd of Debian 12 says that it failed."""

    def refuse(_double: BluezDouble, _value: bool) -> None:
        raise BluezError("Failed")

    monkeypatch.setattr("visitbridge.sim.bluez.double.VIRTUAL_ADAPTER_NAME", "a real adapter")
    monkeypatch.setattr(BluezDouble, "_set_powered", refuse)
    async with open_bus() as bus, open_bluez(bus.address, [], AdapterState.OFF):
        source = BluetoothReaders(clock, allow_virtual=True, is_blocked=lambda: True)
        async with watched(source):
            await wait_bluetooth(source, lambda: source.state is RadioState.BLOCKED)
            with pytest.raises(BluetoothUnavailable) as refused:
                await source.power_on()
    assert refused.value.params == {"state": "blocked"}


async def test_switching_on_takes_until_the_adapter_is_on(clock: FakeClock) -> None:
    one, other = br301_unit(1), br301_unit(2)
    async with open_bluetooth(clock, [one, other]) as (source, double), watched(source) as watching:
        await watching.wait_slots(2)
        await double.set_state(AdapterState.OFF)
        await wait_bluetooth(source, lambda: source.state is RadioState.OFF)
        double.hold_switching()
        switching = asyncio.create_task(source.power_on())
        await asyncio.sleep(0)
        # Goes the same way, so that the switching was answered when this is.
        await source.forget(one.address)
        switching_too = asyncio.create_task(source.power_on())
        await asyncio.sleep(0)
        await source.forget(other.address)
        assert (switching.done(), switching_too.done()) == (False, False)
        double.tell_switching()
        await asyncio.gather(switching, switching_too)
        assert source.state is RadioState.ON


async def test_a_blocked_adapter_says_so_when_told_to_switch_on(clock: FakeClock) -> None:
    async with open_bluetooth(clock, [], state=AdapterState.BLOCKED) as (source, _), watched(source):
        await wait_bluetooth(source, lambda: source.state is RadioState.BLOCKED)
        with pytest.raises(BluetoothUnavailable) as blocked:
            await source.power_on()
    assert blocked.value.params == {"state": "blocked"}


async def test_simulated_readers_are_not_taken_for_real_ones(clock: FakeClock) -> None:
    async with open_bus() as bus, open_bluez(bus.address, [br301_unit()]):
        source = BluetoothReaders(clock, allow_virtual=False)
        async with watched(source):
            await wait_bluetooth(source, lambda: source.state is RadioState.MISSING)


# --- what ends and comes back ---


async def test_a_connection_is_over_before_the_next_one_begins(clock: FakeClock) -> None:
    """BlueZ answers before it tells; taken for the end of the next connection, that would cost a pause."""
    unit, other = br301_unit(1), br301_unit(2)
    async with open_bluetooth(clock, [unit, other]) as (source, _), watched(source) as watching:
        await watching.wait_slots(2)
        await unit.reader.insert(DemoCard())
        await watching.wait_told(is_state(ReaderState.CARD))
        unit.stalls = {"Connected"}
        async with source.readers()[0].open_session("one", deadline_s=10) as channel:
            unit.reader.hold_answers()
            with pytest.raises(DeviceTimeout):
                await channel.transmit(SELECT_NHI, deadline_s=0.05)
        unit.reader.give_answers()
        await unit.asked_to_disconnect.wait()
        # Goes the same way, so that the disconnecting was answered when this is.
        await source.forget(other.address)
        assert watching.newest()[unit.reader.reader_id].state is ReaderState.CARD
        unit.give_up.set()
        await watching.wait_told(lambda info: info.state is ReaderState.UNAVAILABLE and info.insertion == 1)
        again = await watching.wait_told(is_state(ReaderState.CARD))
    assert again.insertion == 2


@both
async def test_readers_come_back_with_bluetoothd(new_unit: Callable[..., Unit], clock: FakeClock) -> None:
    unit = new_unit()
    async with open_bus() as bus:
        source = BluetoothReaders(clock, allow_virtual=True)
        source.admit(remembered(unit), Vault())
        async with watched(source) as watching:
            for _ in range(3):
                async with open_bluez(bus.address, [unit]):
                    await watching.wait_told(is_state(ReaderState.EMPTY))
                    await unit.reader.insert(DemoCard())
                    await watching.wait_told(is_state(ReaderState.CARD))
                    assert await read_card(source) == RECORD + OK
                    await unit.reader.pull()
                    await watching.wait_told(is_state(ReaderState.EMPTY))
                await watching.wait_told(is_state(ReaderState.UNAVAILABLE))
                assert source.state is RadioState.NO_SERVICE


@pytest.mark.parametrize("question", ["objects", "agent_manager"])
async def test_a_bluetoothd_that_answers_too_late_is_asked_again(
    question: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one may that starts together with the box. Nothing else would ask it again."""
    ask = getattr(Bluez, question)
    lost = iter(["late"])

    def ask_in_vain_first(bluez: Bluez) -> object:
        for name in lost:
            raise BluezFault(name)
        return ask(bluez)

    monkeypatch.setattr(Bluez, question, ask_in_vain_first)
    async with open_bluetooth(clock, [], state=AdapterState.OFF) as (source, _), watched(source):
        await wait_bluetooth(source, lambda: source.state is RadioState.ON)


async def test_an_agent_that_is_registered_already_is_no_trouble(clock: FakeClock) -> None:
    async with open_bus() as bus, open_bluez(bus.address, [], AdapterState.OFF) as double:
        radio = Radio(allow_virtual=True, is_blocked=lambda: False)
        async with radio.open_bus(_expect_no_end):
            await double.set_state(AdapterState.OFF)
            assert await radio.wait_until(lambda: radio.state is RadioState.OFF, deadline_s=PATIENCE_S)
            await radio._begin()
            assert radio.state is RadioState.ON


async def test_the_end_of_the_bus_is_an_error_and_another_watch_works(clock: FakeClock) -> None:
    unit = acr3901_unit()
    source = BluetoothReaders(clock, allow_virtual=True)
    source.admit(remembered(unit), Vault())
    for _ in range(2):
        async with open_private_bus() as bus, open_bluez(bus.address, [unit]):
            with system_bus_of(bus):
                watching = Watching()
                task = asyncio.create_task(watching.follow(source))
                await watching.wait_told(is_state(ReaderState.EMPTY))
                await bus.kill()
                with pytest.raises(BluetoothUnavailable):
                    await task


async def test_no_bus_is_an_error_of_the_device(clock: FakeClock) -> None:
    async with open_bus() as bus:
        await bus.kill()
        with pytest.raises(BluetoothUnavailable) as missing:
            await Watching().follow(BluetoothReaders(clock, allow_virtual=True))
    assert missing.value.params == {"state": "no_service"}


@pytest.mark.parametrize("stalled", ["Connect", "ServicesResolved"])
async def test_a_reader_that_never_gets_connected_is_given_up_in_time(stalled: str) -> None:
    unit = br301_unit()
    unit.stalls = {stalled}
    radio = Radio(allow_virtual=True, is_blocked=lambda: False)
    async with open_bus() as bus, open_bluez(bus.address, [unit]), radio.open_bus(_expect_no_end):
        peripheral = BluezPeripheral(radio, unit.address, "reader", connect_s=0.2, resolve_s=0.2)
        with pytest.raises(ReaderUnavailable):
            async with peripheral.open_link():
                pass
        unit.stalls = set()
        unit.give_up.set()
        patient = BluezPeripheral(radio, unit.address, "reader")
        async with patient.open_link() as link:
            assert link.flags(unit.reader.command_pipe) == {"write"}


async def test_a_reader_that_bluez_forgot_is_unavailable_and_the_others_work(clock: FakeClock) -> None:
    lost, kept = br301_unit(1), br301_unit(2)
    async with open_bluetooth(clock, [lost, kept]) as (source, double), watched(source) as watching:
        await watching.wait_slots(2)
        await double.forget(lost)

        def is_known_to_be_lost() -> bool:
            clock.advance(1)
            return watching.newest()[lost.reader.reader_id].trouble == PairingLost.code

        await until(is_known_to_be_lost)
        assert watching.newest()[lost.reader.reader_id].state is ReaderState.UNAVAILABLE
        await kept.reader.insert(DemoCard())
        await watching.wait_told(is_state(ReaderState.CARD))


async def test_an_unpaired_reader_that_wants_to_be_is_not_used(clock: FakeClock) -> None:
    unit = acr3901_unit()
    radio = Radio(allow_virtual=True, is_blocked=lambda: False)
    async with open_bus() as bus, open_bluez(bus.address, [unit]), radio.open_bus(_expect_no_end):
        unit.is_paired = False
        async with BluezPeripheral(radio, unit.address, "reader").open_link() as link:
            with pytest.raises(PairingLost):
                await link.subscribe(unit.reader.reply_pipe)


async def test_a_reader_may_use_its_pipes_the_other_way_round(clock: FakeClock) -> None:
    unit = acr3901_unit()
    unit.shape = swapped(unit)
    async with open_bluetooth(clock, [unit]) as (source, _), watched(source) as watching:
        await unit.reader.insert(DemoCard())
        await watching.wait_told(is_state(ReaderState.CARD))
        assert await read_card(source) == RECORD + OK


# --- battery, signal, keys ---


@pytest.mark.parametrize(
    ("new_unit", "value", "percent", "is_low"),
    [
        (acr3901_unit, b"\xfe", None, False),
        (acr3901_unit, b"\xff", None, False),
        (acr3901_unit, b"\x20", None, True),
        (acr3901_unit, b"\x00", None, True),
        (br301_unit, b"\x55", 85, False),
        (br301_unit, b"\x14", 20, True),
        (br301_unit, b"\x65", None, None),
    ],
)
async def test_battery_and_signal_are_told(
    new_unit: Callable[..., Unit], value: bytes, percent: int | None, is_low: bool | None, clock: FakeClock
) -> None:
    unit = new_unit()
    unit.reader.battery, unit.rssi_dbm = value, -71
    async with open_bluetooth(clock, [unit]) as (source, _), watched(source) as watching:
        info = await watching.wait_told(is_state(ReaderState.EMPTY))
    assert (info.battery_percent, info.battery_low, info.signal_dbm) == (percent, is_low, -71)


async def test_the_battery_is_looked_at_again_after_a_while(clock: FakeClock) -> None:
    unit = br301_unit()
    async with open_bluetooth(clock, [unit]) as (source, _), watched(source) as watching:
        await watching.wait_told(lambda info: info.battery_percent == 85)
        unit.reader.battery = b"\x10"
        await until(lambda: clock.sleepers == 1)
        clock.advance(600)
        await watching.wait_told(lambda info: info.battery_percent == 16 and info.battery_low is True)


async def test_a_reader_gets_a_key_of_its_own_with_its_first_connection(clock: FakeClock) -> None:
    unit, vault = acr3901_unit(), Vault()
    async with open_bus() as bus, open_bluez(bus.address, [unit]):
        source = BluetoothReaders(clock, allow_virtual=True)
        source.admit(remembered(unit), vault)
        async with watched(source) as watching:
            await watching.wait_told(is_state(ReaderState.EMPTY))
            await source.rotate_key(unit.reader.reader_id)

    first, second = vault.events[0][1], vault.events[2][1]
    assert vault.events == [("prepare", first), ("settle", first), ("prepare", second), ("settle", second)]
    assert len({first, second, b"\xff" * 16}) == 3
    assert isinstance(unit.reader, SimulatedAcr3901)
    assert unit.reader.master_key == second
    assert unit.reader.sleep_option == 3


@pytest.mark.parametrize("has_new", [True, False], ids=["reader took it", "reader never got it"])
async def test_of_two_keys_the_reader_has_either(has_new: bool, clock: FakeClock) -> None:
    """What a crash between storing the new key and the reader's answer leaves."""
    old, new = bytes(range(16)), bytes(range(16, 32))
    unit, vault = acr3901_unit(), Vault()
    assert isinstance(unit.reader, SimulatedAcr3901)
    unit.reader.master_key = new if has_new else old
    async with open_bus() as bus, open_bluez(bus.address, [unit]):
        source = BluetoothReaders(clock, allow_virtual=True)
        source.admit(remembered(unit, key=old, next_key=new), vault)
        async with watched(source) as watching:
            await until(lambda: is_empty_after_pauses(watching, clock))
    assert vault.events == [("settle", new if has_new else old)]


@pytest.mark.parametrize("piece", range(1, 12))
async def test_a_key_rotation_may_be_cut_off_anywhere(piece: int, clock: FakeClock) -> None:
    unit, vault = acr3901_unit(), Vault()
    assert isinstance(unit.reader, SimulatedAcr3901)
    async with open_bus() as bus, open_bluez(bus.address, [unit]):
        source = BluetoothReaders(clock, allow_virtual=True)
        source.admit(remembered(unit), vault)
        unit.reader.drop_at_piece = 5 + piece
        async with watched(source) as watching:
            await until(lambda: is_empty_after_pauses(watching, clock) and unit.reader.connections >= 2)
    assert vault.next_key is None
    assert unit.reader.master_key == vault.key


# --- the link drops anywhere ---


@both
@pytest.mark.parametrize("piece", range(1, 20))
async def test_the_link_may_drop_at_every_piece_of_a_card_session(
    new_unit: Callable[..., Unit], piece: int, clock: FakeClock
) -> None:
    unit = new_unit()
    async with open_bluetooth(clock, [unit]) as (source, _), watched(source) as watching:
        await watching.wait_told(is_state(ReaderState.EMPTY))
        assert unit.reader.connections == 1
        unit.reader.drop_at_piece = unit.reader.pieces + piece
        await unit.reader.insert(DemoCard())
        await until(lambda: source.readers()[0].info.state is not ReaderState.EMPTY)
        with contextlib.suppress(VisitBridgeError):
            await read_card(source)

        await until(lambda: unit.reader.connections == 2)
        await watching.wait_told(lambda info: info.state is ReaderState.CARD and info == newest(source))
        assert await read_card(source) == RECORD + OK


# --- helpers of these tests ---


@contextlib.asynccontextmanager
async def scanned(unit: Unit, clock: FakeClock) -> AsyncIterator[tuple[BluetoothReaders, BluezDouble]]:
    """Bluetooth with a scan under way that has heard of the unit."""
    async with open_bluetooth(clock, [unit]) as (source, double), watched(source):
        await wait_bluetooth(source, lambda: source.state is RadioState.ON)
        await source.start_scan()
        await wait_bluetooth(source, lambda: len(source.heard()) == 1)
        yield source, double


def headset_unit() -> Unit:
    """Something that is no card reader."""
    reader = br301_unit(9).reader
    reader.label = "Headset"
    shape = msgspec.structs.replace(BR301, advertised=("0000110b-0000-1000-8000-00805f9b34fb",))
    return Unit(reader, "02:00:00:00:00:C1", shape)


def swapped(unit: Unit) -> Shape:
    """The shape of an ACR3901 whose first two pipes have each other's part."""
    reader = unit.reader
    reader.command_pipe, reader.reply_pipe = reader.reply_pipe, reader.command_pipe
    pipes, battery = unit.shape.services
    flags = dict(pipes.characteristics)
    flags[reader.command_pipe], flags[reader.reply_pipe] = ("write",), ("notify",)
    return msgspec.structs.replace(unit.shape, services=(Service(pipes.uuid, flags), battery))


def is_empty_after_pauses(watching: Watching, clock: FakeClock) -> bool:
    """Whether the slot is known to be empty; if not, the pause before the next attempt is over now."""
    is_empty = any(info.state is ReaderState.EMPTY for info in watching.newest().values())
    clock.advance(0 if is_empty else 30)
    return is_empty


async def until(condition: Callable[[], bool]) -> None:
    """Turn the event loop until the condition holds."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.01)


def newest(source: BluetoothReaders) -> ReaderInfo:
    """What the only reader says of itself now."""
    return source.readers()[0].info


async def _give(number: int) -> int:
    return number


def _expect_no_end(error: DeviceError) -> None:
    raise AssertionError(error)
