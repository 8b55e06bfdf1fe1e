"""The whole daemon with a modem on a pseudo-terminal: boot to 正常, and back after each way its line can break."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from tests.patience import PATIENCE_S
from tests.scenario.road import MODEM, PATIENT, UNHURRIED, Road, open_road, open_switch
from visitbridge.sim.modem import Cure, FaultKind, ModemSetup

PROVEN = ("radio", "sim", "registration", "apn", "dns", "vpn_host", "tls", "data_centre", "certificate")


async def test_A13_from_boot_to_good_without_a_hand(tmp_path: Path) -> None:
    """Names and certificates, which a workstation has to be given, are there and proven."""
    async with open_road(tmp_path) as road:
        await road.until(lambda link: link["link"] == "good")
        _, state = await road.box.ask("GET", "/api/state")
        _, report = await road.box.ask("GET", "/api/environment")

    assert (state["modem"]["state"], state["modem"]["operator"]) == ("data_up", "Test Net")
    states = {check["item"]: check["state"] for check in report["items"]}
    assert [states[item] for item in PROVEN] == ["ok"] * len(PROVEN)


@pytest.mark.parametrize(
    ("kind", "cure", "hop", "words", "rungs"),
    [
        (FaultKind.NO_SERVICE, Cure.RADIO, "searching", "正在找行動網路", ["AT+CFUN=0"]),
        (FaultKind.DENIED, Cure.RADIO, "denied", "行動網路拒絕這張 SIM 卡", ["AT+CFUN=0"]),
        (FaultKind.PDP_STUCK, Cure.REATTACH, "no_data", "已連上基地台", ["AT+CGATT=0"]),
        (
            FaultKind.PDP_STUCK,
            Cure.RESET,
            "no_data",
            "已連上基地台",
            ["AT+CGATT=0", "AT+CFUN=0", "AT+CFUN=1,1"],
        ),
    ],
)
async def test_each_failure_is_named_and_recovered_by_its_rung(
    tmp_path: Path, kind: FaultKind, cure: Cure, hop: str, words: str, rungs: list[str]
) -> None:
    async with open_road(tmp_path, modem=UNHURRIED) as road:
        before = len(road.disturbances)
        road.virtual.begin(kind, cure)
        road.virtual.drop_bearer()

        await road.until_down(hop, words)
        await road.until_up()

        assert road.disturbances[before:] == rungs


async def test_a_connection_without_traffic_is_found_out(tmp_path: Path) -> None:
    async with open_road(tmp_path, modem=UNHURRIED) as road:
        before = len(road.disturbances)
        road.virtual.begin(FaultKind.NO_TRAFFIC, Cure.REATTACH)

        await road.until(lambda link: link["link"] == "down")
        await road.until_up()

        assert road.disturbances[before:] == ["AT+CGATT=0"]


async def test_a_modem_that_falls_silent_is_restarted(tmp_path: Path) -> None:
    async with open_road(tmp_path, modem=UNHURRIED) as road:
        road.virtual.begin(FaultKind.SILENT, Cure.RESET)
        road.virtual.begin(FaultKind.NO_TRAFFIC, Cure.RESET)

        await road.until_down("modem_silent", "行動網路模組沒有回應")
        await road.until_up()

        assert road.virtual.commands.count("AT+CFUN=1,1") == 1


async def test_a_modem_pulled_out_and_put_back(tmp_path: Path) -> None:
    async with open_road(tmp_path) as road:
        road.virtual.unplug()
        await road.until_down("modem_absent", "找不到行動網路模組")
        road.virtual.plug_in()
        await road.until_up()


async def test_a_sim_taken_out(tmp_path: Path) -> None:
    async with open_road(tmp_path) as road:
        road.virtual.remove_sim()
        await road.until_down("sim_absent", "沒有 SIM 卡")
        road.virtual.insert_sim()
        await road.until_up()


async def test_a_refusal_for_good_waits_for_a_person(tmp_path: Path) -> None:
    async with open_road(tmp_path, modem=PATIENT) as road:
        before = len(road.disturbances)
        road.virtual.begin(FaultKind.PDP_REFUSED)
        road.virtual.drop_bearer()
        await road.until_down("data_refused", "電信業者拒絕數據連線")
        assert road.disturbances[before:] == []
        assert await road.verdict() == ("電信業者拒絕數據連線（代碼 149）", "請技術人員檢查 APN、帳號與密碼")

        road.virtual.end(FaultKind.PDP_REFUSED)
        assert (await road.box.ask("POST", "/api/environment/modem/retry"))[0] == 204
        await road.until_up()


async def lose_and_regain(road: Road) -> None:
    """Until the modem carries again; what the box makes of it comes after."""
    road.virtual.begin(FaultKind.NO_SERVICE)
    road.virtual.drop_bearer()
    await road.until_down("searching", "正在找行動網路")
    road.virtual.end(FaultKind.NO_SERVICE)
    await road.until(lambda _: road.virtual.carries_traffic)


async def test_a_line_that_comes_back_is_used_without_another_disturbance(tmp_path: Path) -> None:
    """How soon: tests/bench/test_drain_goals.py."""
    async with open_road(tmp_path, modem=PATIENT) as road:
        await lose_and_regain(road)
        before = len(road.disturbances)
        await road.until_up()

        assert road.disturbances[before:] == []


async def test_a_locked_sim_and_an_account_are_opened_with_the_boxs_credentials(tmp_path: Path) -> None:
    setup = ModemSetup(sim_pin="4821", user="box@vpn", password="not a real one")
    modem = msgspec.structs.replace(MODEM, auth="chap", user="box@vpn")
    secrets = {"modem.sim_pin": "4821", "modem.password": "not a real one"}
    async with open_road(tmp_path, setup, modem=modem, secrets=secrets) as road:
        accounts = {line.partition("=")[0] for line in road.virtual.commands if "box@vpn" in line}

    assert road.pins_sent == ['AT+CPIN="4821"']
    assert accounts == {"AT+CGAUTH"}


async def test_what_only_a_power_cut_cures_gets_one_from_the_hook(tmp_path: Path) -> None:
    cuts: list[Road] = []
    roads: list[Road] = []

    def cut() -> None:
        cuts.append(roads[0])
        roads[0].virtual.restart(Cure.POWER)

    async with open_switch(cut) as command:
        modem = msgspec.structs.replace(UNHURRIED, power_hook=command)
        async with open_road(tmp_path, modem=modem) as road:
            roads.append(road)
            before = len(road.disturbances)
            road.virtual.begin(FaultKind.PDP_STUCK, Cure.POWER)
            road.virtual.drop_bearer()
            await road.until_down("no_data", "已連上基地台")
            await road.until_up()

            assert road.disturbances[before:] == ["AT+CGATT=0", "AT+CFUN=0", "AT+CFUN=1,1"]
            assert len(cuts) == 1


async def test_the_last_rung_restarts_the_box_once_though_the_power_hook_fails(tmp_path: Path) -> None:
    reboots = asyncio.Event()
    count: list[None] = []

    def reboot() -> None:
        count.append(None)
        reboots.set()

    async with open_switch(reboot) as command:
        modem = msgspec.structs.replace(MODEM, power_hook=("/no/such/program",), reboot_hook=command)
        async with open_road(tmp_path, modem=modem) as road:
            road.virtual.begin(FaultKind.PDP_STUCK)
            road.virtual.drop_bearer()
            await asyncio.wait_for(reboots.wait(), PATIENCE_S)
            road.virtual.end(FaultKind.PDP_STUCK)
            await road.until_up()
            _, state = await road.box.ask("GET", "/api/state")

            assert state["modem"]["recovery"] == "reboot"
            assert len(count) == 1
