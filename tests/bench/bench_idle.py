"""What an idle gateway costs: wake-ups a second with modem, link and a reader at rest, beside a bare aiohttp app.

The gateway is the real program, bound to a data centre over TLS, its modem on a pseudo-terminal, its link 正常, with a
system bus as every box has one, whose bluetoothd is away.
Wake-ups are voluntary context switches of all its threads.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from tests.app.box import RunningBox, config_for
from tests.bench import measure
from tests.vpnportal.portal import RunningPortal, open_running_portal
from visitbridge.adapters.presence_file import FILE_NAME as PRESENCE_FILE
from visitbridge.app import Ready
from visitbridge.config import DataCentreSection, ModemSection, ReadersSection, dump
from visitbridge.config.load import Loaded
from visitbridge.protocols.datacentre.device import BindTicket, encode_ticket
from visitbridge.sim.bluez.bus import open_private_bus
from visitbridge.sim.modem import ModemSetup, VirtualModem

_BARE = """
import asyncio
from aiohttp import web

async def main():
    app = web.Application()
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print("{}", flush=True)
    await asyncio.get_running_loop().create_future()

asyncio.run(main())
"""


async def run(folder: Path, *, seconds: float) -> dict[str, Any]:
    """Both programs at rest at the same time, so that they share whatever else the machine does."""
    async with open_gateway(folder) as gateway, open_program(sys.executable, "-c", _BARE) as (bare, _):
        await asyncio.sleep(5)
        before = {name: wakeups(pid) for name, pid in (("gateway", gateway), ("bare", bare.pid))}
        await asyncio.sleep(seconds)
        return {
            "seconds": seconds,
            **{
                f"{name}_wakeups_per_s": round((wakeups(pid) - before[name]) / seconds, 2)
                for name, pid in (("gateway", gateway), ("bare", bare.pid))
            },
        }


@asynccontextmanager
async def open_gateway(folder: Path) -> AsyncIterator[int]:
    """The pid of a bound gateway whose link is good."""
    async with (
        VirtualModem(folder / "modem-at", ModemSetup()).open() as modem,
        open_running_portal(folder / "portal") as portal,
        open_private_bus() as bus,
    ):
        config = msgspec.structs.replace(
            config_for(folder),
            readers=ReadersSection(pcsc=False, socket=("127.0.0.1:0",)),
            datacentre=DataCentreSection(connect=f"127.0.0.1:{urlsplit(portal.url).port}"),
            modem=ModemSection(profile="sim7600", port=modem.link, apn="vpn.example"),
        )
        file = folder / "visitbridge.toml"
        file.write_text(dump(Loaded(config=config, origins={})), "utf-8")
        command = ("-m", "visitbridge", "run", "--config", str(file), "--allow-virtual")
        async with open_program(sys.executable, *command, bus=bus.address) as (process, ready):
            await bind(ready, portal, config.box.runtime_dir / PRESENCE_FILE)
            yield process.pid


@asynccontextmanager
async def open_program(
    *command: str, bus: str = ""
) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    """A child and the JSON line that it prints when it is ready. ``bus``: the address of its system bus."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": bus or os.environ.get("DBUS_SYSTEM_BUS_ADDRESS", "")},
    )
    try:
        assert process.stdout is not None
        yield process, json.loads(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()


async def bind(told: dict[str, Any], portal: RunningPortal, presence_file: Path) -> None:
    """Pair a phone, bind the box, wait for 正常, and leave."""
    ready = Ready(url=told["url"], pair_url=told["pair_url"], ca_file=Path(told["ca_file"]), fingerprint="")
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=ready.ca_file))
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
        box = RunningBox(http=http, ready=ready, presence_file=presence_file)
        await box.pair()
        issued = portal.issue_ticket()
        ticket = BindTicket(url=portal.url, token=issued.token, ca_pem=portal.ca_pem)
        body = {"ticket": encode_ticket(ticket), "pin": issued.pin, "name": "idle"}
        await box.ask("POST", "/api/box/binding", json=body)
        for _ in range(600):
            _, state = await box.ask("GET", "/api/state")
            if state["link"]["link"] == "good":
                return
            await asyncio.sleep(0.2)
    raise AssertionError("the link never became good")


def wakeups(pid: int) -> int:
    """Voluntary context switches of all threads so far."""
    return sum(
        int(match.group(1))
        for status in Path(f"/proc/{pid}/task").glob("*/status")
        if (match := re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(), re.MULTILINE))
    )


def main() -> None:
    options = measure.arguments(__doc__ or "")
    with measure.open_folder(options.dir) as folder:
        result = asyncio.run(run(folder, seconds=20 if options.quick else 120))
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
