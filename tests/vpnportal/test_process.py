"""The portal as a process: start, stop, sudden death (data-centre.md §1.4)."""

from __future__ import annotations

import asyncio
import socket
import stat
from pathlib import Path

import aiohttp
import msgspec
import pytest

from tests.vpnportal.box import Box, open_box
from tests.vpnportal.lab import open_lab
from tests.vpnportal.process import PortalProcess, open_process, start_portal
from visitbridge.protocols.datacentre.common import MissingAnswer, MissingRequest, Receipt
from visitbridge.protocols.datacentre.device import decode_ticket
from vpnportal.cli import main


async def bind(portal: PortalProcess, box: Box) -> None:
    async with open_lab(portal.ready.lab_url) as lab:
        _, handout = await lab.call("POST", "/tickets", {})
    await box.bind(decode_ticket(handout["ticket"]).token, handout["pin"])
    assert (await box.ask("POST", "/sam/verify")).status == 200


def seed(folder: Path) -> None:
    with pytest.raises(SystemExit) as done:
        main(["seed-lab", "--dir", str(folder), "--url", "https://localhost", "--json"])
    assert done.value.code == 0


async def test_it_says_when_it_is_ready_and_stops_when_told(tmp_path: Path) -> None:
    async with open_process(tmp_path) as portal:
        assert portal.ready.event == "ready"
        assert portal.ready.url == f"https://127.0.0.1:{portal.ready.port}"
        async with open_box(portal.ready.url, portal.ca_pem) as box:
            (await box.ask("GET", "/device")).problem(401, "certificate_required")
        assert await portal.stop() == 0


async def test_keys_and_data_are_the_owners_alone(tmp_path: Path) -> None:
    async with open_process(tmp_path / "portal"):
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode)
            for path in [tmp_path / "portal", *(tmp_path / "portal").rglob("*")]
            if path.is_dir() or path.suffix == ".key" or path.name == "server.pem"
        }
    assert modes == {
        "portal": 0o700,
        "keys": 0o700,
        "datasets": 0o700,
        "server-ca.key": 0o600,
        "device-ca.key": 0o600,
        "handoff.key": 0o600,
        "receipts.key": 0o600,
        "server.pem": 0o600,
    }


async def test_a_second_one_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with open_process(tmp_path):
        second, line = await start_portal(tmp_path)
        _, error = await second.communicate()
    assert (line, second.returncode) == (b"", 1)
    assert error == b"vpnportal: a portal is running from this folder\n"


async def test_a_taken_port_gives_the_next_free_one(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with open_process(tmp_path, "--port", str(port)) as portal:
            assert port < portal.ready.port < port + 50


async def test_a_stop_does_not_wait_for_a_stalled_request(tmp_path: Path) -> None:
    seed(tmp_path)
    async with open_process(tmp_path, "--lab") as portal, open_box(portal.ready.url, portal.ca_pem) as box:
        await bind(portal, box)
        async with open_lab(portal.ready.lab_url) as lab:
            await lab.arm("GET /device", "stall", seconds=3600)
            stalled = asyncio.ensure_future(box.ask("GET", "/device"))
            while await lab.seen() != [(1, 1)]:
                pass
        assert await portal.stop() == 0
        with pytest.raises(aiohttp.ClientError):
            await stalled


async def test_what_was_answered_survives_a_kill_and_nothing_is_doubled(tmp_path: Path) -> None:
    seed(tmp_path)
    bodies = {f"k-{number}": msgspec.json.encode({"delivery": number}) for number in range(60)}
    answered: dict[str, Receipt] = {}

    async with open_process(tmp_path, "--lab") as portal, open_box(portal.ready.url, portal.ca_pem) as box:
        await bind(portal, box)

        async def send(key: str) -> None:
            answered[key] = (await box.send("/deliveries", key, bodies[key])).as_(Receipt)

        sends = [asyncio.ensure_future(send(key)) for key in bodies]
        await asyncio.wait(sends, return_when=asyncio.FIRST_COMPLETED)
        await portal.kill()
        outcomes = await asyncio.gather(*sends, return_exceptions=True)
        context = box.context
    assert answered
    assert any(isinstance(outcome, aiohttp.ClientError) for outcome in outcomes)

    async with open_process(tmp_path, "--lab") as portal, open_box(portal.ready.url, portal.ca_pem) as box:
        box.context = context
        lost = await box.ask("POST", "/receipts/missing", MissingRequest(keys=tuple(bodies)))
        missing = lost.as_(MissingAnswer).missing
        assert not set(missing) & answered.keys()
        receipts = {
            key: (await box.send("/deliveries", key, body)).as_(Receipt) for key, body in bodies.items()
        }
        assert {key: receipts[key] for key in answered} == answered
        async with open_lab(portal.ready.lab_url) as lab:
            _, inbox = await lab.call("GET", "/inbox")
        assert sorted(upload["key"] for upload in inbox["deliveries"]) == sorted(bodies)
