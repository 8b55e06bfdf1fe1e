"""The whole daemon while its modem misbehaves: which state and words a phone sees, and what the modem was told."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import msgspec
import pytest

from tests.scenario.road import MODEM, PATIENT, UNHURRIED, open_road
from visitbridge.sim.modem import Cure, FaultKind, ModemSetup

RIGHT, WRONG = {"modem.sim_pin": "4821"}, {"modem.sim_pin": "1111"}
LOCKED = ModemSetup(sim_pin="4821")
RESET = "AT+CFUN=1,1"


async def test_a_wrong_sim_pin_is_sent_once_in_all_lives_of_the_box(tmp_path: Path) -> None:
    async with open_road(tmp_path, LOCKED, modem=PATIENT, secrets=RIGHT) as road:
        await road.stop()
        road.virtual.restart(Cure.POWER)
        before = len(road.disturbances)

        await road.start(WRONG)
        await road.until_down("sim_locked", "SIM 卡要密碼")
        assert await road.verdict() == ("SIM 卡要密碼", "請技術人員設定或更正 SIM 卡密碼")
        await road.stop()
        road.virtual.restart(Cure.POWER)
        await road.start(WRONG)
        await road.until_down("sim_locked", "SIM 卡要密碼")
        assert await road.verdict() == ("SIM 卡要密碼", "請技術人員設定或更正 SIM 卡密碼")
        assert road.pins_sent == ['AT+CPIN="4821"', 'AT+CPIN="1111"']
        await road.stop()

        await road.start(RIGHT)
        await road.until_up()

        assert road.pins_sent == ['AT+CPIN="4821"', 'AT+CPIN="1111"', 'AT+CPIN="4821"']
        assert road.disturbances[before:] == []


async def test_a_blocked_sim_waits_for_the_carrier(tmp_path: Path) -> None:
    setup = ModemSetup(sim_pin="4821", pin_tries=0)
    async with open_road(tmp_path, setup, modem=PATIENT, secrets=RIGHT, bound=False) as road:
        await road.until_down("sim_blocked", "SIM 卡已鎖住，要 PUK 碼才能解開")
        assert await road.verdict() == ("SIM 卡已鎖住，要 PUK 碼", "請聯絡電信業者")
        assert (road.pins_sent, road.disturbances) == ([], [])

        road.virtual.remove_sim()
        await road.until_down("sim_absent", "沒有 SIM 卡")
        road.virtual.insert_sim(tries=3)
        await road.until(lambda _: road.virtual.carries_traffic)
        await road.bind()
        await road.until_up()

        assert road.pins_sent == ['AT+CPIN="4821"']


@pytest.mark.parametrize(
    ("cure", "rungs"),
    [(Cure.REATTACH, ["AT+CGATT=0"]), (Cure.RADIO, ["AT+CGATT=0", "AT+CFUN=0"])],
)
async def test_a_connection_that_is_up_without_an_address_is_made_anew(
    tmp_path: Path, cure: Cure, rungs: list[str]
) -> None:
    async with open_road(tmp_path, modem=UNHURRIED) as road:
        before = len(road.disturbances)
        # The modem goes on saying that it is connected, and says nothing by itself.
        road.virtual.begin(FaultKind.NO_ADDRESS, cure)

        await road.until_down("no_data", "已連上基地台，正在建立數據連線")
        await road.until_up()

        assert road.disturbances[before:] == rungs


async def test_a_connection_that_never_gets_an_address_is_not_taken_for_the_vpn(tmp_path: Path) -> None:
    # So patient that no rung is climbed while it is asked what it thinks.
    async with open_road(tmp_path, modem=msgspec.structs.replace(MODEM, recovery_pace=10.0)) as road:
        before = len(road.disturbances)
        road.virtual.begin(FaultKind.NO_ADDRESS)
        await road.until_down("no_data", "已連上基地台，正在建立數據連線")

        assert await road.verdict() == ("數據連線還沒建立", "等 1 分鐘；仍不行請檢查 APN 設定")

        road.virtual.end(FaultKind.NO_ADDRESS)
        await road.until_up()
        assert road.disturbances[before:] == []


async def test_an_address_that_the_modem_has_and_its_interface_lacks_is_no_connection(tmp_path: Path) -> None:
    modem = msgspec.structs.replace(MODEM, interface="vb-no-wwan")
    async with open_road(tmp_path, modem=modem, bound=False) as road:
        await road.until(lambda _: road.virtual.carries_traffic)
        await road.until_down("no_data", "已連上基地台，正在建立數據連線")
        await road.until(lambda _: bool(road.disturbances))

        assert road.disturbances[0] == "AT+CGATT=0"


async def test_a_modem_that_talks_gibberish_is_restarted(tmp_path: Path) -> None:
    async with open_road(tmp_path, modem=UNHURRIED) as road:
        road.virtual.begin(FaultKind.GARBLED, Cure.RESET)
        road.virtual.begin(FaultKind.NO_TRAFFIC, Cure.RESET)

        await road.until_down("modem_silent", "行動網路模組沒有回應")
        await road.until_up()

        assert road.virtual.commands.count(RESET) == 1


async def test_noise_and_storms_of_messages_change_nothing_but_the_log(tmp_path: Path) -> None:
    async with open_road(tmp_path, modem=PATIENT) as road:
        before, seen = len(road.disturbances), len(road.virtual.commands)
        began_s = time.monotonic()
        road.virtual.add_noise(b"\xff\x00\x1a> \r\n", storm=(b"+CGEV: NW MODIFY 1,0", 300))
        for _ in range(20):
            road.virtual.send(b"\r\n+CEREG: 1\r\n" * 200)
            await asyncio.sleep(0.05)
            assert (await road.link())["link"] != "down"

        await road.until(lambda link: link["link"] == "good")
        looks = road.virtual.commands[seen:].count("AT+CEREG?")
        assert road.disturbances[before:] == []
        # News at every moment: looked at in turns of a tenth of a second, not once a message.
        assert 1 <= looks <= 10 * (time.monotonic() - began_s) + 10


async def test_a_modem_that_restarts_by_itself_is_found_as_another_device(tmp_path: Path) -> None:
    async with open_road(tmp_path, modem=PATIENT) as road:
        before, device = len(road.disturbances), road.virtual.link.readlink()
        road.virtual.unplug()
        await road.until_down("modem_absent", "找不到行動網路模組")
        # Somebody else got the number that it had.
        held = os.openpty()
        road.virtual.plug_in()
        await road.until_up()
        found = road.virtual.link.readlink()
        for end in held:
            os.close(end)

        assert found != device
        assert road.disturbances[before:] == []
