"""The portal changes its root while a box has work waiting: announced, it goes unnoticed; unannounced, the box says so,
keeps everything, and goes on once a technician has added the root (Y11).
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.scenario.day import Day, Json

DIAGNOSIS = {"subjective": "頭暈", "diagnoses": [{"code": "I10", "name_zh": "高血壓"}]}


async def run(*arguments: str) -> tuple[int | None, str]:
    """A program of this checkout; exit code and all it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def visit_that_waits(day: Day) -> Json:
    """Finished while the VPN is cut."""
    await day.sign_in()
    await day.link("down", shown="down")
    await day.insert("patient-lin")
    visit = await day.start()
    await day.save(visit, DIAGNOSIS)
    assert (await day.finish(visit))["flags"]["vpn"] == "waiting"
    await day.pull()
    return visit


def keys(day: Day) -> Path:
    return day.places.portal / "keys"


async def change_root_unannounced(day: Day) -> None:
    await day.program("portal", "stop")
    for suffix in ("pem", "key"):
        (keys(day) / f"server-ca.{suffix}").unlink()
    await day.program("portal", "start")


async def wait_untrusted(day: Day) -> None:
    await day.lab.ask("POST", "/link", {"mode": "up"})
    await day.until("/api/state", lambda state: state["link"]["hop"] == "tls")


async def test_Y11_an_announced_change_goes_unnoticed(day: Day) -> None:
    assert (await run("vpnportal", "roots", "prepare", "--dir", str(day.places.portal)))[0] == 0
    await day.until("/api/box/roots", lambda answer: len(answer["roots"]) == 2)
    visit = await visit_that_waits(day)
    await day.program("portal", "stop")
    assert (await run("vpnportal", "roots", "change", "--dir", str(day.places.portal)))[0] == 0
    await day.program("portal", "start")

    await day.link("up", shown="unstable,good")

    await day.flags(visit, vpn="done", ic="done")
    assert len(day.uploads("visit")) == 1


@pytest.mark.parametrize("by", ["page", "shell"])
async def test_Y11_an_unannounced_change_is_named_and_a_technician_mends_it(day: Day, by: str) -> None:
    visit = await visit_that_waits(day)
    await change_root_unannounced(day)
    await wait_untrusted(day)
    report = await day.phone.call("GET", "/api/environment")
    (tls,) = [check for check in report["items"] if check["item"] == "tls"]
    kept = await day.call("GET", f"/api/visits/{visit['visit']['visit_id']}")
    new_root = keys(day) / "server-ca.pem"

    await ADD[by](day, new_root)

    assert (tls["state"], tls["code"]) == ("fail", "unknown_root")
    assert kept["flags"]["vpn"] == "waiting"
    await day.flags(visit, vpn="done", ic="done")
    assert len(day.uploads("visit")) == len(day.uploads("ic_record")) == 1


async def add_by_page(day: Day, root: Path) -> None:
    pem = await asyncio.to_thread(root.read_text, "ascii")
    await day.phone.prove()
    answer = await day.call("POST", "/api/box/roots", {"pem": pem})
    assert [each["source"] for each in answer["roots"]] == ["binding", "technician"]


async def add_by_shell(day: Day, root: Path) -> None:
    config = str(day.places.config)
    code, said = await run("visitbridge", "trust", "add", str(root), "--config", config)
    assert code == 0, said
    fingerprint = said.split("SHA-256")[1]
    code, said = await run("visitbridge", "trust", "list", "--config", config)
    assert (code, fingerprint in said) == (0, True), said


ADD = {"page": add_by_page, "shell": add_by_shell}
