"""The package of a box at work is upgraded, taken back and purged by `apt`.

The release after this one is the same program with a later version and one more step of the store's schema.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from tests.scenario.day import Json
from tests.vm.apt import APT, APT_S, FOLDER, KEY, MOUNT, STATE, exists
from tests.vm.box import UNIT, Box, open_box
from tests.vm.guest import Image
from tests.vm.package import FOLLOWING, NEXT_VERSION, THIS
from tests.vm.visits import effects, numbers_on_card, record_visit, wait_settled

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(3600)]

_YES = b"visitbridge visitbridge/erase boolean true\n"
_NEWER = "the database was used by a newer version, which left it fit for this one"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box(installed: Image, packages: Path) -> AsyncIterator[Box]:
    async with open_box(msgspec.structs.replace(installed, extra=(packages,))) as opened:
        await opened.inside(*MOUNT)
        await opened.sign_in()
        yield opened


async def installed_version(box: Box) -> str:
    return await box.inside("dpkg-query", "--show", "--showformat=${Version}", "visitbridge")


async def apt_install(box: Box, package: str) -> dict[str, int]:
    """What the data centre has had from the program before, at the moment when that program has ended."""
    pid = (await box.inside("systemctl", "show", "--property=MainPID", "--value", UNIT)).strip()
    installing = asyncio.create_task(box.inside(*APT, "install", f"{FOLDER}/{package}", within_s=APT_S))
    await box.inside("sh", "-c", f"while [ -e /proc/{pid} ]; do sleep 0.2; done", within_s=APT_S)
    had = effects(box)
    await installing
    await box.machine.wait_ready()
    return had


async def seen(box: Box, visit: Json) -> Json:
    return (await box.call("GET", f"/api/visits/{visit['visit']['visit_id']}"))["visit"]


async def test_an_upgrade_lets_leave_what_can_leave_and_keeps_the_rest(box: Box) -> None:
    """One visit is finished and under way when `apt` is called, one is being typed."""
    await box.insert("patient-rare", reader=1)
    typed = await box.start(reader=1)
    await box.save(typed, {"subjective": "換版前打的字"})
    await box.insert("patient-wang")
    leaving = await record_visit(box)
    had = await apt_install(box, FOLLOWING)
    (done,) = await wait_settled(box, leaving)

    assert await installed_version(box) == NEXT_VERSION
    assert had == {"card_visit": 1, "visit": 1, "ic_record": 1}
    assert numbers_on_card(box, "patient-wang") == [("closed", done["visit"]["sequence"]["number"])]
    assert (await seen(box, typed))["content"]["subjective"] == "換版前打的字"


async def test_the_release_before_opens_what_the_later_one_left(box: Box) -> None:
    """Its schema has a table that the older program does not know; a visit made by the later program waits."""
    await box.pull()
    await box.insert("patient-lin")
    await box.link("down", shown="down")
    waiting = await record_visit(box)
    had = await apt_install(box, THIS)
    kept = await seen(box, waiting)
    await box.link("up", shown="unstable,good")
    await box.flags(waiting, vpn="done", ic="done")
    said = await box.inside(
        "journalctl", "--boot", "--unit", UNIT, "--quiet", "--output=cat", f"--grep={_NEWER}"
    )

    assert await installed_version(box) != NEXT_VERSION
    assert said.strip()
    assert (had["visit"], kept["content"]["subjective"]) == (1, "頭暈兩天")
    assert len(box.uploads("visit")) == len(box.uploads("ic_record")) == 2


async def test_a_purge_that_was_answered_with_yes_leaves_nothing(box: Box) -> None:
    await asyncio.to_thread(box.machine.guest.run, "debconf-set-selections", given=_YES)
    await box.inside(*APT, "purge", "visitbridge", within_s=APT_S)

    assert not await asyncio.to_thread(exists, box.machine.guest, STATE)
    assert not await asyncio.to_thread(exists, box.machine.guest, KEY)
