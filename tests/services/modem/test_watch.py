"""From power-on to data, and back again after everything that goes wrong, by the rung that cures it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.adapters.modem.bench import eventually
from tests.services.modem.bench import ModemBench, open_modem_bench
from visitbridge.domain.modem import ModemState
from visitbridge.errors import StoreFull
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.modem.pin import PinOutcome
from visitbridge.sim.modem import Cure, FaultKind, ModemSetup, Player, Script, Step

T = TypeVar("T")


class FullDisk(Store):
    """A store on a disk without space."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.refused = 0

    async def write(self, work: Callable[[Transaction], T]) -> T:
        self.refused += 1
        raise StoreFull("no space")

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._store.read(work)


@pytest.mark.parametrize("family", ["sim7600", "ec25"])
async def test_boot_to_data(tmp_path: Path, store: Store, family: str) -> None:
    async with open_modem_bench(tmp_path, store, ModemSetup(family=family)) as bench:
        await bench.until(ModemState.DATA_UP)

        assert bench.states[-2:] == [ModemState.REGISTERED, ModemState.DATA_UP]
        assert (bench.topic.operator, bench.topic.bars, bench.topic.recovery) == ("Test Net", 4, "")
        assert 'AT+CGDCONT=1,"IP","vpn.example"' in bench.commands


async def test_what_is_still_being_found_out_is_called_nothing_else(tmp_path: Path, store: Store) -> None:
    """Neither absent, before anybody looked, nor waiting for a technician's PIN that the box has itself."""
    bench = ModemBench(tmp_path, store, ModemSetup(sim_pin="1234"), pin="1234")
    assert bench.topic.state is ModemState.STARTING
    async with bench.virtual.open(), bench.watching():
        await bench.until(ModemState.DATA_UP)

    assert set(bench.states) <= {ModemState.SEARCHING, ModemState.REGISTERED, ModemState.DATA_UP}


async def test_a_modem_that_appears_is_starting(tmp_path: Path, store: Store) -> None:
    async with open_modem_bench(tmp_path, store, plugged_in=False, hooks=False) as bench:
        await bench.until(ModemState.ABSENT)
        bench.virtual.plug_in()
        await bench.until(ModemState.DATA_UP)

    assert bench.states[:2] == [ModemState.ABSENT, ModemState.STARTING]


async def test_the_apn_is_known_before_the_data_connection(tmp_path: Path, store: Store) -> None:
    async with open_modem_bench(tmp_path, store) as bench:
        await bench.until(ModemState.DATA_UP)

        assert bench.commands.index('AT+CGDCONT=1,"IP","vpn.example"') < bench.commands.index("AT+CGACT=1,1")
        # LTE attached with the old one, so it attaches once more.
        assert bench.commands.index("AT+CGATT=0") < bench.commands.index("AT+CGACT=1,1")


async def test_an_apn_stored_by_a_session_that_broke_off_is_attached_with_by_the_next(
    tmp_path: Path, store: Store
) -> None:
    bench = ModemBench(tmp_path, store, ModemSetup(), hurry=20)
    broken_off = Script(step=(Step(on="AT+CGDCONT=1", do="begin", fault=FaultKind.SILENT),))
    async with bench.virtual.open():
        Player(bench.virtual, broken_off).start()
        async with bench.watching():
            await bench.until(ModemState.SILENT)
            bench.virtual.end(FaultKind.SILENT)
            await bench.until(ModemState.DATA_UP)

    assert bench.commands.index("AT+CGATT=0") < bench.commands.index("AT+CGACT=1,1")


async def test_a_restart_of_the_daemon_does_not_disturb_a_modem_that_works(
    tmp_path: Path, store: Store
) -> None:
    bench = ModemBench(tmp_path, store, ModemSetup())
    async with bench.virtual.open():
        async with bench.watching():
            await bench.until(ModemState.DATA_UP)
        bench.commands.clear()
        bench.states.clear()
        async with bench.watching():
            await eventually(lambda: "AT+CGCONTRDP=1" in bench.commands)

    assert bench.states == []
    assert [line for line in bench.commands if line.startswith(("AT+CGACT=", "AT+CGATT=", "AT+CFUN="))] == []


@pytest.mark.parametrize(
    ("kind", "cure", "state", "rungs"),
    [
        (FaultKind.PDP_STUCK, Cure.REATTACH, ModemState.REGISTERED, ["AT+CGATT=0"]),
        (FaultKind.PDP_STUCK, Cure.RADIO, ModemState.REGISTERED, ["AT+CGATT=0", "AT+CFUN=0"]),
        (
            FaultKind.PDP_STUCK,
            Cure.RESET,
            ModemState.REGISTERED,
            ["AT+CGATT=0", "AT+CFUN=0", "AT+CFUN=1,1"],
        ),
        (FaultKind.NO_ADDRESS, Cure.REATTACH, ModemState.REGISTERED, ["AT+CGATT=0"]),
        (FaultKind.NO_SERVICE, Cure.RADIO, ModemState.SEARCHING, ["AT+CFUN=0"]),
        (FaultKind.NO_SERVICE, Cure.RESET, ModemState.SEARCHING, ["AT+CFUN=0", "AT+CFUN=1,1"]),
        (FaultKind.DENIED, Cure.RADIO, ModemState.DENIED, ["AT+CFUN=0"]),
    ],
)
async def test_each_failure_has_its_state_and_its_rung(
    tmp_path: Path, store: Store, kind: FaultKind, cure: Cure, state: ModemState, rungs: list[str]
) -> None:
    async with open_modem_bench(tmp_path, store) as bench:
        await bench.until(ModemState.DATA_UP)
        before = len(bench.disturbances)
        bench.virtual.begin(kind, cure)
        bench.virtual.drop_bearer()

        await bench.until(state)
        await bench.until(ModemState.DATA_UP)

        assert bench.disturbances[before:] == rungs
        assert bench.power_cuts == 0


async def test_connected_without_traffic(tmp_path: Path, store: Store) -> None:
    async with open_modem_bench(tmp_path, store) as bench:
        await bench.until(ModemState.DATA_UP)
        before = len(bench.disturbances)
        bench.path_silent = True
        bench.virtual.begin(FaultKind.NO_TRAFFIC, Cure.RADIO)
        bench.watch.look_now()

        await eventually(lambda: bench.virtual.carries_traffic)

        assert bench.disturbances[before:] == ["AT+CGATT=0", "AT+CFUN=0"]


@pytest.mark.parametrize(("cure", "cuts"), [(Cure.RESET, 0), (Cure.POWER, 1)])
async def test_a_silent_modem_is_restarted_blindly_and_then_by_its_power(
    tmp_path: Path, store: Store, cure: Cure, cuts: int
) -> None:
    async with open_modem_bench(tmp_path, store, hurry=20) as bench:
        await bench.until(ModemState.DATA_UP)
        bench.virtual.begin(FaultKind.SILENT, cure)
        bench.watch.look_now()

        await eventually(lambda: bench.watch.state is ModemState.SILENT)
        await eventually(lambda: bench.watch.state is ModemState.DATA_UP)

        assert bench.commands.count("AT+CFUN=1,1") == 1
        assert bench.power_cuts == cuts


async def test_a_modem_that_left_the_bus(tmp_path: Path, store: Store) -> None:
    async with open_modem_bench(tmp_path, store) as bench:
        await bench.until(ModemState.DATA_UP)
        bench.virtual.unplug()

        await bench.until(ModemState.ABSENT)
        await bench.until(ModemState.DATA_UP)

        assert bench.power_cuts == 1


async def test_no_modem_and_nothing_to_be_done(tmp_path: Path, store: Store) -> None:
    async with open_modem_bench(tmp_path, store, plugged_in=False, hooks=False) as bench:
        await bench.until(ModemState.ABSENT)
        bench.virtual.plug_in()

        await bench.until(ModemState.DATA_UP)


async def test_nothing_is_done_while_a_card_session_is_open(tmp_path: Path, store: Store) -> None:
    async with open_modem_bench(tmp_path, store) as bench:
        await bench.until(ModemState.DATA_UP)
        before = len(bench.disturbances)
        with bench.activity.hold("card session"):
            bench.virtual.begin(FaultKind.PDP_STUCK, Cure.REATTACH)
            bench.virtual.drop_bearer()
            await bench.until(ModemState.REGISTERED)
            seen = len(bench.commands)
            # Long after the rung was due.
            await eventually(lambda: len(bench.commands) > seen + 60)
            assert bench.disturbances[before:] == []

        await bench.until(ModemState.DATA_UP)

        assert bench.disturbances[before:] == ["AT+CGATT=0"]


async def test_a_refusal_for_good_stops_everything_until_a_person_acts(tmp_path: Path, store: Store) -> None:
    async with open_modem_bench(tmp_path, store) as bench:
        await bench.until(ModemState.DATA_UP)
        before = len(bench.disturbances)
        bench.virtual.begin(FaultKind.PDP_REFUSED)
        bench.virtual.drop_bearer()
        await bench.until(ModemState.REFUSED)
        asked = bench.commands.count("AT+CGACT=1,1")
        seen = len(bench.commands)
        await eventually(lambda: len(bench.commands) > seen + 20)

        assert bench.topic.refused_cme == 149
        assert bench.commands.count("AT+CGACT=1,1") == asked
        assert bench.disturbances[before:] == []

        bench.virtual.end(FaultKind.PDP_REFUSED)
        bench.watch.try_again()
        await bench.until(ModemState.DATA_UP)


async def test_the_sim_is_opened_with_its_pin(tmp_path: Path, store: Store) -> None:
    async with open_modem_bench(tmp_path, store, ModemSetup(sim_pin="1234"), pin="1234") as bench:
        await bench.until(ModemState.DATA_UP)

        assert bench.commands.index('AT+CPINR="SIM PIN"') < bench.commands.index('AT+CPIN="1234"')
        assert bench.watch.pin_outcome is PinOutcome.ENTERED


async def test_a_wrong_pin_is_sent_once_and_never_again(tmp_path: Path, store: Store) -> None:
    setup = ModemSetup(sim_pin="1234")
    async with open_modem_bench(tmp_path, store, setup, pin="9999") as bench:
        await bench.until(ModemState.SIM_PIN)
        await eventually(lambda: bench.watch.pin_outcome is PinOutcome.REFUSED)
        bench.virtual.restart()
        await bench.until(ModemState.ABSENT)
        await bench.until(ModemState.SIM_PIN)
        seen = len(bench.commands)
        await eventually(lambda: len(bench.commands) > seen + 10)
        assert bench.commands.count('AT+CPIN="9999"') == 1
    async with open_modem_bench(tmp_path, store, setup, pin="9999") as later:
        await later.until(ModemState.SIM_PIN)
        await eventually(lambda: later.watch.pin_outcome is PinOutcome.REFUSED)
        assert 'AT+CPIN="9999"' not in later.commands
    async with open_modem_bench(tmp_path, store, setup, pin="1234") as corrected:
        await corrected.until(ModemState.DATA_UP)


@pytest.mark.parametrize(
    ("setup", "pin", "state", "outcome"),
    [
        (ModemSetup(sim_pin="1234", pin_tries=1), "1234", ModemState.SIM_PIN, PinOutcome.TOO_FEW),
        (ModemSetup(sim_pin="1234"), "", ModemState.SIM_PIN, PinOutcome.NONE),
        (ModemSetup(sim_pin="1234", pin_tries=0), "1234", ModemState.SIM_PUK, None),
        (ModemSetup(sim_present=False), "1234", ModemState.SIM_ABSENT, None),
    ],
)
async def test_a_sim_that_a_person_has_to_see_to(
    tmp_path: Path,
    store: Store,
    setup: ModemSetup,
    pin: str,
    state: ModemState,
    outcome: PinOutcome | None,
) -> None:
    async with open_modem_bench(tmp_path, store, setup, pin=pin) as bench:
        await bench.until(state)
        seen = len(bench.commands)
        await eventually(lambda: len(bench.commands) > seen + 5)

        assert bench.watch.pin_outcome is outcome
        assert not [line for line in bench.commands if line.startswith("AT+CPIN=")]
        assert bench.disturbances == []


@pytest.mark.parametrize("pin", ["12", "123456789", "12a4", '1"34', "1\t34"])
async def test_what_cannot_be_a_pin_is_not_sent(tmp_path: Path, store: Store, pin: str) -> None:
    """A mistyped credential costs no try, and nothing of the box."""
    async with open_modem_bench(tmp_path, store, ModemSetup(sim_pin="1234"), pin=pin) as bench:
        await bench.until(ModemState.SIM_PIN)
        await eventually(lambda: bench.watch.pin_outcome is PinOutcome.REFUSED)
        seen = len(bench.commands)
        await eventually(lambda: len(bench.commands) > seen + 5)

        assert not [line for line in bench.commands if line.startswith("AT+CPIN=")]
        assert bench.disturbances == []


@pytest.mark.parametrize(
    ("setup", "state"),
    [
        (ModemSetup(needs_sim=True, sim_present=False), ModemState.SIM_ABSENT),
        (ModemSetup(needs_sim=True, sim_pin="1234", pin_tries=0), ModemState.SIM_PUK),
    ],
)
async def test_a_modem_that_takes_no_apn_without_its_sim_is_not_called_silent(
    tmp_path: Path, store: Store, setup: ModemSetup, state: ModemState
) -> None:
    async with open_modem_bench(tmp_path, store, setup) as bench:
        await bench.until(state)
        seen = len(bench.commands)
        await eventually(lambda: len(bench.commands) > seen + 5)

        assert ModemState.SILENT not in bench.states
        assert bench.disturbances == []


async def test_such_a_modem_is_told_the_apn_once_its_sim_is_open(tmp_path: Path, store: Store) -> None:
    setup = ModemSetup(needs_sim=True, sim_pin="1234")
    async with open_modem_bench(tmp_path, store, setup, pin="1234") as bench:
        await bench.until(ModemState.DATA_UP)

        assert ModemState.SILENT not in bench.states
        assert bench.commands.index('AT+CPIN="1234"') < bench.commands.index(
            'AT+CGDCONT=1,"IP","vpn.example"'
        )


async def test_a_modem_without_authentication_serves_a_contract_without_one(
    tmp_path: Path, store: Store
) -> None:
    async with open_modem_bench(tmp_path, store, ModemSetup(knows_authentication=False)) as bench:
        await bench.until(ModemState.DATA_UP)

        assert ModemState.SILENT not in bench.states


async def test_an_account_that_cannot_be_told_is_named_as_such(tmp_path: Path, store: Store) -> None:
    """A quotation mark in the password fits no AT command; that is no fault of the modem."""
    setup = ModemSetup(user="box", password='o"pen')
    async with open_modem_bench(tmp_path, store, setup) as bench:
        await bench.until(ModemState.REFUSED)
        seen = len(bench.commands)
        await eventually(lambda: len(bench.commands) > seen + 5)

        assert ModemState.SILENT not in bench.states
        assert bench.disturbances == []


async def test_a_full_disk_ends_no_recovery(tmp_path: Path, store: Store) -> None:
    """A reboot that cannot be remembered is not done; the modem is served again as soon as it answers."""
    disk = FullDisk(store)
    async with open_modem_bench(tmp_path, disk, hurry=10) as bench:
        await bench.until(ModemState.DATA_UP)
        bench.virtual.begin(FaultKind.SILENT)
        bench.watch.look_now()
        await eventually(lambda: disk.refused)
        assert bench.reboots == 0

        bench.virtual.end(FaultKind.SILENT)

        await eventually(lambda: bench.watch.state is ModemState.DATA_UP)


async def test_a_sim_put_in_later_is_noticed(tmp_path: Path, store: Store) -> None:
    async with open_modem_bench(tmp_path, store, ModemSetup(sim_present=False)) as bench:
        await bench.until(ModemState.SIM_ABSENT)
        bench.virtual.insert_sim()

        await bench.until(ModemState.DATA_UP)


async def test_a_sim_pulled_while_connecting_is_no_refusal_of_the_data_connection(
    tmp_path: Path, store: Store
) -> None:
    loose_contact = Script(
        step=(
            Step(on="AT+CGACT?", do="drop_bearer"),
            Step(on="AT+CGCONTRDP=1", do="remove_sim"),
            Step(on="AT+CGATT=1", do="insert_sim"),
        )
    )
    async with open_modem_bench(tmp_path, store) as bench:
        await bench.until(ModemState.DATA_UP)
        seen = len(bench.commands)
        await eventually(lambda: len(bench.commands) > seen + 20)
        player = Player(bench.virtual, loose_contact)
        player.start()
        await eventually(lambda: player.is_over)

        await bench.until(ModemState.DATA_UP)

    assert ModemState.REFUSED not in bench.states


async def test_a_storm_of_messages_is_lived_through(tmp_path: Path, store: Store) -> None:
    async with open_modem_bench(tmp_path, store) as bench:
        bench.virtual.add_noise(b"\xff\x00\r\n", storm=(b"+CGEV: NW MODIFY 1,0", 100))

        await bench.until(ModemState.DATA_UP)


async def test_a_box_that_works_by_its_cable_is_not_restarted_for_its_modem(
    tmp_path: Path, store: Store
) -> None:
    async with open_modem_bench(tmp_path, store) as bench:
        await bench.until(ModemState.DATA_UP)
        bench.link_up = True
        bench.virtual.begin(FaultKind.PDP_STUCK)
        bench.virtual.drop_bearer()
        # Once round the ladder and up again.
        await eventually(lambda: bench.power_cuts > 1)
        assert bench.reboots == 0

        bench.link_up = False

        await eventually(lambda: bench.reboots == 1)


async def test_the_last_reboot_is_remembered(tmp_path: Path, store: Store) -> None:
    async with open_modem_bench(tmp_path, store) as bench:
        await bench.until(ModemState.DATA_UP)
        bench.virtual.begin(FaultKind.PDP_STUCK)
        bench.virtual.drop_bearer()
        await eventually(lambda: bench.reboots == 1)

    assert await store.read(lambda tx: tx.settings.get("modem.rebooted_at")) is not None
