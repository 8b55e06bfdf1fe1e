"""One end of the uplink tests, run inside a network namespace; JSON lines on standard output.

uplink_ends.py portal FOLDER ADDRESS [NAME]    the stand-in on ADDRESS; prints a binding ticket, serves until killed
uplink_ends.py box FOLDER INTERFACE INTERFACE  a gateway with these uplinks; answers each JSON line: a ticket and its PIN
                                               with "bound", "environment" with the items of its survey, and any
                                               other with its link as phones see it
uplink_ends.py modem FOLDER INTERFACE DNS      the same with a virtual modem, behind which INTERFACE is, and whose network
                                               tells DNS as its name server
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from tests.app.box import RunningBox, config_for, running_box
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.samples import NOW
from visitbridge.config import DataCentreSection, LinkSection, ModemSection, UplinksSection
from visitbridge.protocols.datacentre.device import BindTicket, encode_ticket
from visitbridge.sim.modem import ModemSetup, VirtualModem
from vpnportal.clock import PortalClock
from vpnportal.server import ServeOptions, open_portal


def tell(result: object) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


async def serve_portal(folder: Path, address: str, name: str) -> None:
    clock = PortalClock(lambda: NOW)
    options = ServeOptions(folder=folder, host=address, port=0, names=(address, name), lab=True)
    async with open_portal(options, clock) as served:
        portal = RunningPortal(served, folder, clock)
        issued = portal.issue_ticket()
        url = portal.url.replace(address, name)
        ticket = BindTicket(url=url, token=issued.token, ca_pem=portal.ca_pem)
        tell({"ticket": encode_ticket(ticket), "pin": issued.pin})
        await asyncio.get_running_loop().create_future()


async def run_box(folder: Path, uplinks: UplinksSection, modem: ModemSection | None = None) -> None:
    config = msgspec.structs.replace(
        config_for(folder),
        datacentre=DataCentreSection(answer_timeout_s=2.0 if modem is None else 10.0),
        link=LinkSection(good_after_s=0.3, good_successes=2, unstable_window_s=0.5, probe_good_s=1.0),
        modem=modem or ModemSection(),
        uplinks=uplinks,
    )
    async with running_box(config) as box:
        await box.pair()
        while line := await asyncio.to_thread(sys.stdin.readline):
            tell(await answer(box, json.loads(line)))


async def answer(box: RunningBox, asked: Any) -> object:
    match asked:
        case {"ticket": _, "pin": _}:
            order = {**asked, "name": "兩條路的盒子"}
            status, body = await box.ask("POST", "/api/box/binding", json=order)
            return "bound" if status == 200 else body
        case "environment":
            _, report = await box.ask("GET", "/api/environment")
            return {check["item"]: f"{check['state']} {check['code']}" for check in report["items"]}
        case _:
            _, state = await box.ask("GET", "/api/state")
            return state["link"]


async def run_box_with_modem(folder: Path, interface: str, dns: str) -> None:
    virtual = VirtualModem(folder / "modem-at", ModemSetup(dns=(dns,)))
    modem = ModemSection(profile="sim7600", apn="vpn.example", port=virtual.link, interface=interface)
    async with virtual.open():
        await run_box(folder, UplinksSection(order=("modem",)), modem)


def main() -> None:
    match sys.argv[1:]:
        case ["portal", folder, address, *name]:
            asyncio.run(serve_portal(Path(folder), address, *(name or [address])))
        case ["box", folder, *interfaces]:
            order = tuple(f"ethernet:{interface}" for interface in interfaces)
            asyncio.run(run_box(Path(folder), UplinksSection(order=order)))
        case ["modem", folder, interface, dns]:
            asyncio.run(run_box_with_modem(Path(folder), interface, dns))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
