"""One end of the uplink test, run inside a network namespace; JSON lines on standard output.

uplink_ends.py portal FOLDER ADDRESS           the stand-in on ADDRESS; prints a binding ticket, serves until killed
uplink_ends.py box FOLDER INTERFACE INTERFACE  a gateway with these uplinks; takes ticket and PIN as a JSON line, binds,
                                               prints "bound", then answers each line with its link as phones see it
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import msgspec

from tests.app.box import config_for, running_box
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.samples import NOW
from visitbridge.config import DataCentreSection, LinkSection, UplinksSection
from visitbridge.protocols.datacentre.device import BindTicket, encode_ticket
from vpnportal.clock import PortalClock
from vpnportal.server import ServeOptions, open_portal


def tell(result: object) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


async def serve_portal(folder: Path, address: str) -> None:
    clock = PortalClock(lambda: NOW)
    options = ServeOptions(folder=folder, host=address, port=0, names=(address,), lab=True)
    async with open_portal(options, clock) as served:
        portal = RunningPortal(served, folder, clock)
        issued = portal.issue_ticket()
        ticket = BindTicket(url=portal.url, token=issued.token, ca_pem=portal.ca_pem)
        tell({"ticket": encode_ticket(ticket), "pin": issued.pin})
        await asyncio.get_running_loop().create_future()


async def run_box(folder: Path, interfaces: list[str]) -> None:
    config = msgspec.structs.replace(
        config_for(folder),
        datacentre=DataCentreSection(answer_timeout_s=2.0),
        link=LinkSection(good_after_s=0.3, good_successes=2, unstable_window_s=0.5, probe_good_s=1.0),
        uplinks=UplinksSection(order=tuple(f"ethernet:{interface}" for interface in interfaces)),
    )
    async with running_box(config) as box:
        await box.pair()
        binding = json.loads(await asyncio.to_thread(sys.stdin.readline))
        status, _ = await box.ask("POST", "/api/box/binding", json={**binding, "name": "兩條路的盒子"})
        tell("bound" if status == 200 else status)
        while await asyncio.to_thread(sys.stdin.readline):
            _, state = await box.ask("GET", "/api/state")
            tell(state["link"])


def main() -> None:
    match sys.argv[1:]:
        case ["portal", folder, address]:
            asyncio.run(serve_portal(Path(folder), address))
        case ["box", folder, *interfaces]:
            asyncio.run(run_box(Path(folder), interfaces))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
