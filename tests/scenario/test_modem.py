"""The whole daemon with a modem on a pseudo-terminal: boot to 正常, and back after each way it can break.

The VPN relay carries traffic exactly while the virtual modem does, so what the phone sees follows the modem.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.app.box import RunningBox, config_for, running_box
from tests.vpnportal.portal import RunningPortal, open_running_portal
from visitbridge.config import Config, DataCentreSection, LinkSection, ModemSection
from visitbridge.protocols.datacentre.device import BindTicket, encode_ticket
from visitbridge.sim.modem import Cure, FaultKind, ModemSetup, VirtualModem
from visitbridge.sim.relay import Line, Relay, open_relay

PACE = 0.005
MODEM = ModemSection(profile="sim7600", apn="vpn.example", recovery_pace=PACE)
DISTURBING = ("AT+CGATT=0", "AT+CFUN=0", "AT+CFUN=1,1")


class Road:
    """A box on the road: its phone's view, its modem, its line."""

    def __init__(self, box: RunningBox, virtual: VirtualModem, relay: Relay) -> None:
        self.box = box
        self.virtual = virtual
        self._relay = relay

    def follow(self) -> None:
        self._relay.set_line(Line.UP if self.virtual.carries_traffic else Line.DOWN)

    @property
    def disturbances(self) -> list[str]:
        return [line for line in self.virtual.commands if line in DISTURBING]

    async def bind(self, portal: RunningPortal) -> None:
        issued = portal.issue_ticket()
        ticket = BindTicket(url=portal.url, token=issued.token, ca_pem=portal.ca_pem)
        body = {"ticket": encode_ticket(ticket), "pin": issued.pin, "name": "路上的盒子"}
        status, answer = await self.box.ask("POST", "/api/box/binding", json=body)
        assert status == 200, answer

    async def link(self) -> dict[str, Any]:
        _, state = await self.box.ask("GET", "/api/state")
        link: dict[str, Any] = state["link"]
        return link

    async def until(
        self, wanted: Callable[[dict[str, Any]], bool], *, within_s: float = 30.0
    ) -> dict[str, Any]:
        """The first state of the link that is as wanted."""
        deadline_s = time.monotonic() + within_s
        link = await self.link()
        for _ in range(100_000):
            if wanted(link):
                return link
            if time.monotonic() > deadline_s:
                break
            await asyncio.sleep(0.02)
            link = await self.link()
        raise AssertionError(f"the link stayed {link}; commands {self.virtual.commands[-12:]}")

    async def until_up(self) -> None:
        await self.until(lambda link: link["link"] != "down")

    async def until_down(self, hop: str) -> None:
        await self.until(lambda link: (link["link"], link["hop"]) == ("down", hop))


def config_of(folder: Path, relay: Relay, link: Path, modem: ModemSection) -> Config:
    return msgspec.structs.replace(
        config_for(folder),
        datacentre=DataCentreSection(connect=f"127.0.0.1:{relay.port}", answer_timeout_s=2.0),
        link=LinkSection(good_after_s=0.3, good_successes=2, unstable_window_s=0.5),
        modem=msgspec.structs.replace(modem, port=link),
    )


@asynccontextmanager
async def open_road(
    folder: Path,
    setup: ModemSetup | None = None,
    *,
    modem: ModemSection = MODEM,
    secrets: Mapping[str, str] | None = None,
) -> AsyncIterator[Road]:
    """A bound box whose link is up. ``secrets``: its systemd credentials."""
    credentials = folder / "credentials"
    credentials.mkdir()
    for name, secret in (secrets or {}).items():
        (credentials / name).write_text(secret, "utf-8")
    async with (
        open_running_portal(folder / "portal") as portal,
        open_relay("127.0.0.1", urlsplit(portal.url).port or 0) as relay,
    ):
        relay.set_line(Line.DOWN)
        roads: list[Road] = []

        def follow() -> None:
            for road in roads:
                road.follow()

        virtual = VirtualModem(folder / "modem-at", setup or ModemSetup(), on_change=follow)
        config = config_of(folder, relay, virtual.link, modem)
        async with virtual.open(), running_box(config, credentials=credentials) as box:
            await box.pair()
            road = Road(box, virtual, relay)
            roads.append(road)
            road.follow()
            await road.until(lambda _: virtual.carries_traffic)
            await road.bind(portal)
            await road.until_up()
            yield road


async def test_from_boot_to_good(tmp_path: Path) -> None:
    async with open_road(tmp_path) as road:
        await road.until(lambda link: link["link"] == "good")
        _, state = await road.box.ask("GET", "/api/state")
        _, report = await road.box.ask("GET", "/api/environment")

    assert (state["modem"]["state"], state["modem"]["operator"]) == ("data_up", "Test Net")
    states = {check["item"]: check["state"] for check in report["items"]}
    assert {states[item] for item in ("radio", "sim", "registration", "apn", "dns", "data_centre")} == {"ok"}


@pytest.mark.parametrize(
    ("kind", "cure", "hop", "rungs"),
    [
        (FaultKind.NO_SERVICE, Cure.RADIO, "searching", ["AT+CFUN=0"]),
        (FaultKind.DENIED, Cure.RADIO, "denied", ["AT+CFUN=0"]),
        (FaultKind.PDP_STUCK, Cure.REATTACH, "no_data", ["AT+CGATT=0"]),
        (FaultKind.PDP_STUCK, Cure.RESET, "no_data", ["AT+CGATT=0", "AT+CFUN=0", "AT+CFUN=1,1"]),
    ],
)
async def test_each_failure_is_named_and_recovered_by_its_rung(
    tmp_path: Path, kind: FaultKind, cure: Cure, hop: str, rungs: list[str]
) -> None:
    async with open_road(tmp_path) as road:
        before = len(road.disturbances)
        road.virtual.begin(kind, cure)
        road.virtual.drop_bearer()

        await road.until_down(hop)
        await road.until_up()

        assert road.disturbances[before:] == rungs


async def test_a_connection_without_traffic_is_found_out(tmp_path: Path) -> None:
    async with open_road(tmp_path) as road:
        before = len(road.disturbances)
        road.virtual.begin(FaultKind.NO_TRAFFIC, Cure.REATTACH)

        await road.until(lambda link: link["link"] == "down")
        await road.until_up()

        assert road.disturbances[before:] == ["AT+CGATT=0"]


async def test_a_modem_that_falls_silent_is_restarted(tmp_path: Path) -> None:
    async with open_road(tmp_path) as road:
        road.virtual.begin(FaultKind.SILENT, Cure.RESET)
        road.virtual.begin(FaultKind.NO_TRAFFIC, Cure.RESET)

        await road.until_down("modem_silent")
        await road.until_up()

        assert road.virtual.commands.count("AT+CFUN=1,1") == 1


async def test_a_modem_pulled_out_and_put_back(tmp_path: Path) -> None:
    async with open_road(tmp_path) as road:
        road.virtual.unplug()
        await road.until_down("modem_absent")
        road.virtual.plug_in()
        await road.until_up()


async def test_a_sim_taken_out(tmp_path: Path) -> None:
    async with open_road(tmp_path) as road:
        road.virtual.remove_sim()
        await road.until_down("sim_absent")
        road.virtual.insert_sim()
        await road.until_up()


async def test_a_refusal_for_good_waits_for_a_person(tmp_path: Path) -> None:
    async with open_road(tmp_path) as road:
        before = len(road.disturbances)
        road.virtual.begin(FaultKind.PDP_REFUSED)
        road.virtual.drop_bearer()
        await road.until_down("data_refused")
        assert road.disturbances[before:] == []

        road.virtual.end(FaultKind.PDP_REFUSED)
        assert (await road.box.ask("POST", "/api/environment/modem/retry"))[0] == 204
        await road.until_up()


async def test_a_line_that_comes_back_is_used_within_two_seconds(tmp_path: Path) -> None:
    async with open_road(tmp_path) as road:
        road.virtual.begin(FaultKind.NO_SERVICE)
        road.virtual.drop_bearer()
        await road.until_down("searching")
        road.virtual.end(FaultKind.NO_SERVICE)
        await road.until(lambda _: road.virtual.carries_traffic)
        began_s = time.monotonic()
        await road.until_up()

        assert time.monotonic() - began_s <= 2.0


async def test_a_locked_sim_and_an_account_are_opened_with_the_boxs_credentials(tmp_path: Path) -> None:
    setup = ModemSetup(sim_pin="4821", user="box@vpn", password="not a real one")
    modem = msgspec.structs.replace(MODEM, auth="chap", user="box@vpn")
    secrets = {"modem.sim_pin": "4821", "modem.password": "not a real one"}
    async with open_road(tmp_path, setup, modem=modem, secrets=secrets) as road:
        pins = [line for line in road.virtual.commands if line.startswith('AT+CPIN="')]
        accounts = {line.partition("=")[0] for line in road.virtual.commands if "box@vpn" in line}

    assert pins == ['AT+CPIN="4821"']
    assert accounts == {"AT+CGAUTH"}


@asynccontextmanager
async def open_switch(act: Callable[[], None]) -> AsyncIterator[tuple[str, ...]]:
    """A command that runs ``act`` here and ends after it, as a hook that throws a switch would."""

    async def throw(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        act()
        writer.close()

    server = await asyncio.start_server(throw, "127.0.0.1")
    async with server:
        port = server.sockets[0].getsockname()[1]
        script = f"import socket; socket.create_connection(('127.0.0.1', {port})).recv(1)"
        yield (sys.executable, "-I", "-S", "-c", script)


async def test_what_only_a_power_cut_cures_gets_one_from_the_hook(tmp_path: Path) -> None:
    cuts: list[Road] = []
    roads: list[Road] = []

    def cut() -> None:
        cuts.append(roads[0])
        roads[0].virtual.restart(Cure.POWER)

    async with open_switch(cut) as command:
        modem = msgspec.structs.replace(MODEM, power_hook=command)
        async with open_road(tmp_path, modem=modem) as road:
            roads.append(road)
            before = len(road.disturbances)
            road.virtual.begin(FaultKind.PDP_STUCK, Cure.POWER)
            road.virtual.drop_bearer()
            await road.until_down("no_data")
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
            await asyncio.wait_for(reboots.wait(), 30)
            road.virtual.end(FaultKind.PDP_STUCK)
            await road.until_up()
            _, state = await road.box.ask("GET", "/api/state")

            assert state["modem"]["recovery"] == "reboot"
            assert len(count) == 1
