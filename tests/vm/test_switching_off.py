"""A box is switched off from a phone, as real systemd, logind and polkit have it, and goes on where it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.vm.box import UNIT, Box, open_box
from tests.vm.guest import Image
from tests.vm.visits import effects, record_visit

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(1500)]

_OFF_S = 300.0
_LAST_WORDS = ("journalctl", "--unit", UNIT, "--quiet", "--output=cat", "--lines=20")


@pytest.fixture(autouse=True)
def nothing_leaks() -> None:
    """A machine that was switched on again is a new process; ``box`` ends it."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box(installed: Image) -> AsyncIterator[Box]:
    async with open_box(installed) as opened:
        await opened.sign_in()
        yield opened


async def test_a_phone_switches_the_box_off_and_what_waited_goes_on_when_it_is_on_again(box: Box) -> None:
    """From inside the unit's sandbox over the system's bus to logind, as a user whom only polkit lets do that."""
    await box.insert("patient-wang")
    await box.link("down", shown="down")
    visit = await record_visit(box)
    boot = (await box.inside("cat", "/proc/sys/kernel/random/boot_id")).strip().replace("-", "")
    told = await box.call("GET", "/api/box/power")
    await box.call("POST", "/api/box/power/off")
    await asyncio.to_thread(box.machine.guest.wait_off, within_s=_OFF_S)
    await box.machine.cut_power()
    sent = effects(box)
    await box.lab.ask("POST", "/link", {"mode": "up"})
    await box.machine.switch_on()
    await box.wait_open()
    await box.flags(visit, vpn="done", ic="done")
    ended = await box.inside(*_LAST_WORDS, f"--boot={boot}")

    assert (told["possible"], told["drafts"], told["unsent"] > 0) == (True, 0, True)
    assert sent == {}
    assert f"{UNIT}: Deactivated successfully." in ended.splitlines()
    assert effects(box) == {"visit": 1, "ic_record": 1, "recognition": 1}
