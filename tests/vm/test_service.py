"""The installed package under real systemd: what it says, what it may do, and that stopping it costs nothing."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from tests.vm.box import UNIT, Box, open_box
from tests.vm.guest import Image
from tests.vm.visits import effects, numbers_on_card, record_visit, wait_settled, wait_writing

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(1500)]

_SECURITY_LIMIT = 1.5
_STOP_LIMIT_S = 35.0
# What the library answers to whom pcscd's socket is closed (pcsclite.h).
_SCARD_E_NO_SERVICE = 0x8010001D
_ASK_PCSCD = (
    "import smartcard.scard as s; error, context = s.SCardEstablishContext(0); "
    "print(error & 0xFFFFFFFF, s.SCardListReaders(context, [])[1] if not error else [])"
)
_WATCHDOG_STRUCK = (
    *("journalctl", "--boot", "--unit", UNIT, "--quiet", "--output=cat", "--lines=1"),
    "--grep=Failed with result 'watchdog'",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box(installed: Image) -> AsyncIterator[Box]:
    async with open_box(installed) as opened:
        yield opened


async def show(box: Box, unit: str, *names: str) -> dict[str, str]:
    """Properties of a unit."""
    said = await box.inside("systemctl", "show", unit, *(f"--property={name}" for name in names))
    return dict(line.split("=", 1) for line in said.splitlines())


async def test_the_gateway_is_ready_and_says_what_it_does(box: Box) -> None:
    facts = await show(box, UNIT, "ActiveState", "SubState", "User", "NRestarts", "StatusText", "Result")

    assert facts.pop("StatusText")
    assert facts == {
        "ActiveState": "active",
        "SubState": "running",
        "User": "visitbridge",
        "NRestarts": "0",
        "Result": "success",
    }
    assert await box.inside("systemctl", "is-active", "visitbridge.socket", "visitbridge-http.socket") == (
        "active\nactive\n"
    )


async def test_nothing_of_the_machine_failed(box: Box) -> None:
    assert await box.inside("systemctl", "list-units", "--failed", "--no-legend", "--plain") == ""
    assert (
        await box.inside("journalctl", "--boot", "--unit", UNIT, "--priority=err", "--quiet", "--output=cat")
        == ""
    )


async def test_the_plain_port_answers(box: Box) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(box.plain_url, headers={"Host": "visitbridge.local"}) as answer,
    ):
        assert answer.status == 200
        assert "visitbridge" in await answer.text()


async def test_the_process_has_nothing_of_root(box: Box) -> None:
    pid = (await show(box, UNIT, "MainPID"))["MainPID"]
    status = dict(
        line.split(":\t", 1)
        for line in (await box.inside("cat", f"/proc/{pid}/status")).splitlines()
        if ":\t" in line
    )

    assert "0" not in status["Uid"].split()
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


async def test_systemd_finds_little_that_the_running_unit_may_do(box: Box) -> None:
    said = await box.inside("systemd-analyze", "security", "--no-pager", UNIT)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)

    assert found is not None
    assert float(found.group(1)) <= _SECURITY_LIMIT


async def test_systemd_has_nothing_against_the_installed_units(box: Box) -> None:
    listed = await box.inside("sh", "-c", "ls /lib/systemd/system/visitbridge*")
    done = await box.machine.attempt("systemd-analyze", "verify", *listed.split())

    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize(
    ("user", "is_let_in"),
    [
        pytest.param("visitbridge", True, id="the gateway"),
        pytest.param("games", False, id="another user"),
    ],
)
async def test_only_the_gateway_is_let_in_to_the_readers(box: Box, user: str, is_let_in: bool) -> None:
    """Asked of the real pcscd, which has QEMU's USB readers and vpcd's. Debian 12's is built without polkit."""
    command = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "python3", "-c", _ASK_PCSCD)
    error, _, readers = (await box.inside(*command)).partition(" ")

    assert int(error) == (0 if is_let_in else _SCARD_E_NO_SERVICE)
    assert ("Virtual PCD" in readers) is is_let_in
    assert ("Gemalto" in readers) is is_let_in


async def test_a_virtual_reader_is_no_reader_of_an_installed_box(box: Box) -> None:
    state = await box.call("GET", "/api/state")

    assert {slot["virtual"] for slot in state["cards"]["readers"]} == {False}
    assert len(state["cards"]["readers"]) == len(box.machine.slots)


async def test_the_health_of_the_box_comes_to_the_journal(box: Box) -> None:
    assert (await show(box, "visitbridge-health.timer", "ActiveState"))["ActiveState"] == "active"
    await box.inside("systemctl", "start", "visitbridge-health.service", within_s=400)
    facts = await show(box, "visitbridge-health.service", "Result", "InvocationID")
    said = await box.inside(
        "journalctl", "--quiet", "--output=cat", f"_SYSTEMD_INVOCATION_ID={facts['InvocationID']}"
    )

    assert facts["Result"] == "success"
    assert said.strip()


async def test_a_visit_goes_from_a_usb_reader_to_the_data_centre(box: Box) -> None:
    """N01, N04: card, sandboxed daemon, TLS, receipt."""
    await box.sign_in()
    await box.insert("patient-wang")
    (done,) = await wait_settled(box, await record_visit(box))
    await box.pull()

    assert numbers_on_card(box, "patient-wang") == [("closed", done["visit"]["sequence"]["number"])]
    assert effects(box) == {"card_visit": 1, "visit": 1, "ic_record": 1}


async def test_a_stop_in_the_middle_of_a_card_write_ends_in_time_and_writes_once(box: Box) -> None:
    """The card answers late: the command it works on ends first, and the rest is asked for after the start."""
    slot = box.machine.slots[0]
    before = effects(box)
    await box.sign_in()
    await box.insert("patient-lin")
    await box.lab.ask("POST", "/link", {"mode": "slow", "delay_ms": 1000})
    visit = await record_visit(box)
    await wait_writing(box, visit)
    slot.hold_answers()
    began_s = time.monotonic()
    stopping = asyncio.create_task(box.inside("systemctl", "stop", UNIT, within_s=90))
    await asyncio.to_thread(
        box.machine.guest.until,
        "sh",
        "-c",
        f"systemctl show --property=ActiveState {UNIT} | grep -q deactivating",
    )
    slot.give_answers()
    await stopping
    took_s = time.monotonic() - began_s
    ended = await show(box, UNIT, "Result", "ActiveState")
    await box.lab.ask("POST", "/link", {"mode": "up"})
    await box.machine.wait_ready()
    (done,) = await wait_settled(box, visit)
    await box.pull()

    assert ended == {"Result": "success", "ActiveState": "inactive"}
    assert took_s < _STOP_LIMIT_S
    assert numbers_on_card(box, "patient-lin") == [("closed", done["visit"]["sequence"]["number"])]
    assert {kind: count - before.get(kind, 0) for kind, count in effects(box).items()} == {
        "card_visit": 1,
        "visit": 1,
        "ic_record": 1,
    }


async def test_the_watchdog_ends_a_gateway_whose_reader_hangs(box: Box) -> None:
    """A real hang: the card never answers, and pcscd's call does not return for minutes. No draft is lost."""
    slot = box.machine.slots[0]
    await box.sign_in()
    await box.insert("patient-rare")
    visit = await box.start()
    await box.save(visit, {"subjective": "存好的草稿"})
    await box.pull()
    slot.hold_answers()
    await box.lab.ask("POST", "/cards/patient-rare/insert", {"reader_id": slot.reader_id})
    await asyncio.to_thread(box.machine.guest.until, *_WATCHDOG_STRUCK, within_s=300)
    slot.give_answers()
    await box.machine.wait_ready()
    draft = await box.call("GET", f"/api/visits/{visit['visit']['visit_id']}")
    await box.pull()

    assert (await show(box, UNIT, "NRestarts"))["NRestarts"] == "1"
    assert draft["visit"]["content"]["subjective"] == "存好的草稿"
