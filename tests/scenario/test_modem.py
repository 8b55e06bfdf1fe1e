"""The whole daemon with a modem on a pseudo-terminal: boot to 正常, and back after each way it can break.

The VPN relay carries traffic exactly while the virtual modem does, so what the phone sees follows the modem.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
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


def config_of(folder: Path, relay: Relay, link: Path) -> Config:
    return msgspec.structs.replace(
        config_for(folder),
        datacentre=DataCentreSection(connect=f"127.0.0.1:{relay.port}", answer_timeout_s=2.0),
        link=LinkSection(good_after_s=0.3, good_successes=2, unstable_window_s=0.5),
        modem=ModemSection(profile="sim7600", port=link, apn="vpn.example", recovery_pace=PACE),
    )


@asynccontextmanager
async def open_road(folder: Path, setup: ModemSetup | None = None) -> AsyncIterator[Road]:
    """A bound box whose link is up."""
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
        async with virtual.open(), running_box(config_of(folder, relay, virtual.link)) as box:
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
