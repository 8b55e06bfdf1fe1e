"""What a box's package has to do on a machine of its own, in the few minutes that a build server has for it.

One machine, from its first boot to a stop; the tests go on from one another, as a day does. The rest of this folder looks
closer at each.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from tests.vm.box import NAME, UNIT, Box, open_box
from tests.vm.guest import Image
from tests.vm.visits import effects, record_visit

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(900)]

_PORTS = ("visitbridge.socket", "visitbridge-http.socket")
_ALL_ENDED = f'[ "$(systemctl show --property=ActiveState --value {UNIT} {" ".join(_PORTS)} | sort -u | xargs)" = inactive ]'
_STOP_WITHIN_S = 300.0
_TELLS_OF_WAITING = f"systemctl show --property=StatusText {UNIT} | grep '待傳 [1-9]'"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box(installed: Image) -> AsyncIterator[Box]:
    async with open_box(installed) as opened:
        yield opened


async def show(box: Box, *names: str) -> dict[str, str]:
    """Properties of the gateway's unit."""
    said = await box.inside("systemctl", "show", UNIT, *(f"--property={name}" for name in names))
    return dict(line.split("=", 1) for line in said.splitlines())


async def test_systemd_was_told_that_the_gateway_is_ready_and_what_it_does(box: Box) -> None:
    facts = await show(box, "ActiveState", "SubState", "NRestarts", "StatusText")
    line, waiting, address = facts.pop("StatusText").split("；")

    assert "VPN" in line
    assert (waiting, address) == ("沒有待傳的資料", f"https://{NAME}/")
    assert facts == {"ActiveState": "active", "SubState": "running", "NRestarts": "0"}


async def test_it_runs_as_a_user_of_its_own_without_anything_of_root(box: Box) -> None:
    facts = await show(box, "User", "MainPID", "ProtectSystem", "PrivateUsers")
    status = await box.inside("cat", f"/proc/{facts.pop('MainPID')}/status")
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)

    assert facts == {"User": "visitbridge", "ProtectSystem": "strict", "PrivateUsers": "yes"}
    assert "0" not in lines["Uid"].split()
    assert (lines["CapEff"], lines["CapBnd"]) == ("0" * 16, "0" * 16)
    assert (lines["NoNewPrivs"], lines["Seccomp"]) == ("1", "2")


async def test_the_pages_answer_on_both_ports(box: Box) -> None:
    """443 with the box's own certificate, 80 in plain HTTP."""
    state = await box.call("GET", "/api/state")
    async with (
        aiohttp.ClientSession() as session,
        session.get(box.plain_url, headers={"Host": NAME}) as answer,
    ):
        assert (answer.status, "visitbridge" in await answer.text()) == (200, True)
    assert state["box"]["sam_verified_at"]


async def test_a_card_is_read_through_a_usb_reader(box: Box) -> None:
    """QEMU's USB, the kernel's, libccid, pcscd as Debian has it, and the gateway's unprivileged user."""
    await box.sign_in()
    card = await box.insert("patient-wang")

    assert (card["kind"], card["patient"]["name"]) == ("nhi", "王測試")


async def test_a_visit_waiting_for_the_line_is_still_there_after_kill_9(box: Box) -> None:
    """Sent once, by the process that systemd started after it; its status line tells of what waits."""
    await box.link("down", shown="down")
    visit = await record_visit(box)
    pid = (await show(box, "MainPID"))["MainPID"]
    await box.inside("kill", "-KILL", pid)
    await box.inside("sh", "-c", f"while [ -e /proc/{pid} ]; do :; done")
    await box.machine.wait_ready()
    kept = await box.call("GET", f"/api/visits/{visit['visit']['visit_id']}")
    line = await asyncio.to_thread(box.machine.guest.until, "sh", "-c", _TELLS_OF_WAITING)
    sent = effects(box)
    await box.link("up", shown="unstable,good")
    await box.flags(visit, vpn="done", ic="done")

    assert (kept["flags"]["saved"], kept["flags"]["vpn"], sent) == ("done", "waiting", {})
    assert "待傳" in line
    assert await show(box, "NRestarts") == {"NRestarts": "1"}
    assert effects(box) == {"visit": 1, "ic_record": 1, "recognition": 1}


async def test_it_stops_in_time_and_no_phone_that_asks_for_a_page_starts_it_again(box: Box) -> None:
    """systemd calls a stop that takes longer than the unit allows no success. It says that a target has stopped before what
    belongs to the target has.
    """
    await box.inside("systemctl", "stop", "visitbridge.target", within_s=_STOP_WITHIN_S)
    await asyncio.to_thread(box.machine.guest.until, "sh", "-c", _ALL_ENDED, within_s=_STOP_WITHIN_S)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(box.plain_url)
    left = await box.machine.attempt("systemctl", "is-active", UNIT, *_PORTS)

    assert await show(box, "Result") == {"Result": "success"}
    assert left.out.split() == ["inactive"] * 3
