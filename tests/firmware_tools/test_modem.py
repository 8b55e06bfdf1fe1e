"""vb-modem as a technician runs it: a program of its own, on a virtual modem behind a real pseudo-terminal."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest

from tests.firmware_tools.terminal import open_terminal, run_tool
from vbtools.modem.console import command_of
from vbtools.modem.holders import holders_of
from vbtools.modem.probing import Probe
from vbtools.modem.sim_pin import unlock
from vbtools.modem.transports import Options, map_ports, open_session
from vbtools.selftest.devices import try_modem
from vbtools.selftest.model import Outcome
from visitbridge.adapters.modem.binding import SerialStream
from visitbridge.adapters.modem.places import UsbSerialPort
from visitbridge.errors import FieldInvalid, ModemRefused, ModemTaken, Retry
from visitbridge.sim.modem import FaultKind, ModemSetup, VirtualModem
from visitbridge.sim.modem.machine import Machine
from visitbridge.sim.modem.radio import CmeError

TOOL = "vbtools.modem.command"
NOON = dt.datetime(2026, 11, 22, 4, tzinfo=dt.UTC)
Arguments = Callable[..., tuple[str, ...]]


@asynccontextmanager
async def open_modem(
    folder: Path, setup: ModemSetup | None = None
) -> AsyncIterator[tuple[VirtualModem, Arguments]]:
    """A modem, and the tool's arguments for it."""
    async with VirtualModem(folder / "modem-at", setup or ModemSetup()).open() as modem:

        def arguments(*more: str) -> tuple[str, ...]:
            return (TOOL, "--port", str(modem.link), "--family", "sim7600", "--allow-virtual", *more)

        yield modem, arguments


async def test_a_probe_tells_of_firmware_sim_and_network_and_changes_nothing(tmp_path: Path) -> None:
    async with open_modem(tmp_path, ModemSetup(network_time=NOON)) as (modem, arguments):
        code, out, err = await run_tool(*arguments("probe", "--report", str(tmp_path / "modem")))

    assert (code, err) == (0, "")
    assert "modem: SIMCOM INCORPORATED SIMCOM_SIM7600G-H\nfirmware: LE20B04SIM7600G22\nSIM: ready\n" in out
    assert "registration: home\nnetwork: Test Net\nsignal: " in out
    report = msgspec.json.decode((tmp_path / "modem.json").read_bytes(), type=Probe)
    assert report.network_time is not None
    assert report.network_time - NOON < dt.timedelta(minutes=1)
    assert not [
        line for line in modem.commands if re.match(r"AT\+(CPIN=|CFUN=|CGDCONT=|CGATT=|CGACT=)", line)
    ]


async def test_a_sim_that_asks_for_its_pin_says_how_many_tries_are_left(tmp_path: Path) -> None:
    async with open_modem(tmp_path, ModemSetup(sim_pin="4711")) as (_, arguments):
        _, out, _ = await run_tool(*arguments("probe"))

    assert "SIM: pin\ntries left for the PIN: 3\n" in out
    assert "registration" not in out


@pytest.fixture
def sim_found_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A modem that was just switched on: at the first two questions its SIM is busy (14, TS 27.007 §9.2)."""
    busy = itertools.repeat(CmeError(14), 2)
    knows = Machine._pin

    def asked(machine: Machine, text: str) -> Iterator[str]:
        for refusal in itertools.islice(busy, 1):
            raise refusal
        return knows(machine, text)

    monkeypatch.setattr(Machine, "_pin", asked)


@pytest.mark.usefixtures("sim_found_late")
@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("probe",), "SIM: ready\n"),
        (("apn", "vpn.example"), "10.64.0.7"),
        (("enter-pin",), "asks for no PIN"),
    ],
    ids=["probe", "apn", "enter-pin"],
)
async def test_a_sim_that_is_still_being_found_out_is_waited_for(
    tmp_path: Path, command: tuple[str, ...], said: str
) -> None:
    async with open_modem(tmp_path) as (_, arguments):
        code, out, err = await run_tool(*arguments(*command))

    assert (code, err) == (0, "")
    assert said in out


@pytest.mark.usefixtures("sim_found_late")
async def test_a_self_test_waits_for_the_sim_too(tmp_path: Path) -> None:
    async with VirtualModem(tmp_path / "at", ModemSetup()).open() as modem:
        finding = await try_modem(Options(port=modem.link, family="sim7600", allow_virtual=True))

    assert (finding.outcome, finding.facts["sim"]) == (Outcome.GOOD, "ready")


async def test_a_sim_that_stays_busy_is_to_be_tried_again_and_has_refused_no_pin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(machine: Machine, text: str) -> NoReturn:
        raise CmeError(14)

    monkeypatch.setattr(Machine, "_pin", busy)
    monkeypatch.setattr("vbtools.modem.sim_state.FOUND_WITHIN_S", 0.0)
    options = Options(port=tmp_path / "at", family="sim7600", allow_virtual=True)
    async with VirtualModem(tmp_path / "at", ModemSetup()).open(), open_session(options) as session:
        with pytest.raises(ModemRefused) as caught:
            await unlock(session, lambda: b"4711")

    assert caught.value.retry is Retry.LATER


async def test_the_pin_is_asked_for_and_neither_shown_nor_in_the_arguments(tmp_path: Path) -> None:
    async with (
        open_modem(tmp_path, ModemSetup(sim_pin="4711")) as (modem, arguments),
        open_terminal(*arguments("enter-pin")) as terminal,
    ):
        await terminal.answer("PIN of the SIM", "4711")
        assert await terminal.wait_end() == 0
        await terminal.wait_seen("The SIM is open.")

    assert "4711" not in terminal.seen
    assert 'AT+CPIN="4711"' in modem.commands


@pytest.mark.parametrize(
    ("setup", "said"),
    [
        (ModemSetup(sim_pin="4711", pin_tries=1), "the last one is not used"),
        (ModemSetup(sim_pin="4711", pin_tries=0), "no PIN helps this SIM: puk"),
        (ModemSetup(sim_pin="4711", sim_present=False), "no PIN helps this SIM: absent"),
    ],
    ids=["last try", "blocked", "no SIM"],
)
async def test_no_pin_is_asked_for_that_could_lock_the_sim_or_help_nobody(
    tmp_path: Path, setup: ModemSetup, said: str
) -> None:
    async with open_modem(tmp_path, setup) as (modem, arguments):
        code, out, err = await run_tool(*arguments("enter-pin"), typed="4711\n")

    assert (code, out, said in err) == (1, "", True)
    assert not [line for line in modem.commands if line.startswith("AT+CPIN=")]


async def test_a_wrong_pin_is_tried_once(tmp_path: Path) -> None:
    async with (
        open_modem(tmp_path, ModemSetup(sim_pin="4711")) as (modem, arguments),
        open_terminal(*arguments("enter-pin")) as terminal,
    ):
        await terminal.answer("PIN of the SIM", "1234")
        assert await terminal.wait_end() == 1
        await terminal.wait_seen("GW-DEV-13")

    assert [line for line in modem.commands if line.startswith("AT+CPIN=")] == ['AT+CPIN="1234"']


async def test_an_access_point_is_tried_step_by_step_with_its_password_unseen(tmp_path: Path) -> None:
    setup = ModemSetup(apn="vpn.example", user="box", password="correct horse")
    async with (
        open_modem(tmp_path, setup) as (modem, arguments),
        open_terminal(*arguments("apn", "vpn.example", "--auth", "chap", "--user", "box")) as terminal,
    ):
        await terminal.answer("Password of the access point", "correct horse")
        assert await terminal.wait_end() == 0
        await terminal.wait_seen("10.64.0.7; name servers: 10.1.1.1, 10.1.1.2")
        assert modem.carries_traffic

    assert "correct horse" not in terminal.seen


@pytest.mark.parametrize(
    ("name", "fault", "said"),
    [
        ("other.example", None, "not subscribed"),
        ("vpn.example", FaultKind.DENIED, "registration: denied"),
        ("vpn.example", FaultKind.NO_SERVICE, "registration: searching"),
        ("vpn.example", FaultKind.NO_ADDRESS, "without an address"),
    ],
)
async def test_an_access_point_that_lets_nobody_in_is_told_with_the_reason(
    tmp_path: Path, name: str, fault: FaultKind | None, said: str
) -> None:
    async with open_modem(tmp_path) as (modem, arguments):
        for kind in filter(None, [fault]):
            modem.begin(kind)
        code, _, err = await run_tool(*arguments("apn", name, "--wait", "1"))

    assert (code, "GW-DEV-12" in err) == (1, True)
    assert said in err


async def test_commands_go_as_they_are_and_the_transcript_holds_the_line(tmp_path: Path) -> None:
    transcript = tmp_path / "line.txt"
    async with open_modem(tmp_path, ModemSetup(registers_after_s=0.0)) as (_, arguments):
        code, out, _ = await run_tool(
            *arguments(
                "at",
                "--transcript",
                str(transcript),
                "AT+CSQ",
                'AT+CGAUTH=1,2,"box","horse"',
                "AT+NOPE",
                "AT+CSQ",
            )
        )

    assert code == 1
    assert out == "+CSQ: 21,99\nOK\nOK\nERROR\n"
    lines = [line.split(" ", 1) for line in transcript.read_text("utf-8").splitlines()]
    assert [line for _, line in lines] == [
        "> AT+CSQ",
        "< +CSQ: 21,99",
        "< OK",
        "> AT+CGAUTH=…",
        "< OK",
        "> AT+NOPE",
        "< ERROR",
    ]
    assert all(dt.datetime.fromisoformat(stamp).tzinfo is not None for stamp, _ in lines)


async def test_a_console_tells_what_the_modem_says_by_itself_and_goes_on_after_a_refusal(
    tmp_path: Path,
) -> None:
    async with (
        open_modem(tmp_path) as (modem, arguments),
        open_terminal(*arguments("console")) as terminal,
    ):
        await terminal.answer("Ctrl-D ends", "AT+CPIN=1234")
        await terminal.answer("use: vb-modem enter-pin", "AT+CGMM")
        await terminal.wait_seen("SIMCOM_SIM7600G-H\nOK\n")
        modem.say(b"+CEREG: 5")
        await terminal.wait_seen("! +CEREG: 5\n")
        terminal.type("\x04")
        assert await terminal.wait_end() == 0

    assert not [line for line in modem.commands if "1234" in line]


@pytest.mark.parametrize(
    "text",
    [
        'AT+CPIN="1234"',
        "at+cpin = 1234",
        'AT+CSQ;+CPIN="1234"',
        'AT+CPIN="12345678","1234"',
        'AT+CLCK="SC",0,"1234"',
        'AT+CPWD="SC","1234","4321"',
        'AT+CSIM=26,"00200001083132333435363738"',
        'AT+CSIM=42,"002C00011031323334353637383132333435363738"',
        "+CSQ",
        "AT+CSQ\x1bAT",
        "AT+電話",
    ],
)
def test_a_command_that_may_cost_a_try_or_is_none_is_not_sent(text: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        command_of(text, 1.0)

    assert caught.value.field == "command"
    assert "1234" not in caught.value.detail


@pytest.mark.parametrize(
    "text", ["AT+CPIN?", "AT+CLCK=?", 'AT+CSIM=10,"0020000100"', "AT+CPINR", "ATI", "AT"]
)
def test_questions_about_the_sim_may_be_asked(text: str) -> None:
    assert command_of(text, 1.0).text == text


async def test_a_port_in_use_is_left_alone_and_its_user_named(tmp_path: Path) -> None:
    async with open_modem(tmp_path) as (modem, arguments):
        held = SerialStream(modem.link)
        try:
            code, _, err = await run_tool(*arguments("probe"))
            with pytest.raises(ModemTaken):
                SerialStream(modem.link)
        finally:
            held.close()

    assert (code, "GW-DEV-21" in err) == (1, True)
    assert f"({os.getpid()})" in err
    assert modem.commands == []


async def test_a_simulated_modem_is_none_unless_asked_for(tmp_path: Path) -> None:
    async with open_modem(tmp_path) as (modem, _):
        codes = [
            await run_tool(TOOL, "--port", str(modem.link), *rest) for rest in (("probe",), ("at", "AT"))
        ]

    assert [(code, "GW-DEV-10" in err) for code, _, err in codes] == [(1, True)] * 2


def port(tty: str, identity: str, interface: int) -> UsbSerialPort:
    return UsbSerialPort(device=Path("/dev") / tty, identity=identity, serial="", interface=interface)


@pytest.mark.parametrize(
    ("identity", "interface", "family", "role"),
    [
        ("1e0e:9001", 0, "sim7600", "diagnostics"),
        ("1e0e:9001", 1, "sim7600", "NMEA"),
        ("1e0e:9001", 2, "sim7600", "AT"),
        ("1e0e:9001", 4, "sim7600", "audio"),
        ("1e0e:9011", 2, "sim7600", "diagnostics"),
        ("1e0e:9011", 4, "sim7600", "AT"),
        ("1e0e:9011", 6, "sim7600", "audio"),
        ("2c7c:0125", 3, "ec25", "AT"),
        ("067b:2303", 0, "", ""),
    ],
)
def test_ports_are_named_by_usb_identity_and_interface(
    identity: str, interface: int, family: str, role: str
) -> None:
    (mapped,) = map_ports([port("ttyUSB7", identity, interface)])

    assert (mapped.family, mapped.role) == (family, role)


def test_the_unit_that_has_a_port_open_is_named(tmp_path: Path) -> None:
    for pid, cgroup in (
        (7, "0::/system.slice/visitbridge.service\n"),
        (8, "0::/user.slice/session-1.scope\n"),
    ):
        process = tmp_path / str(pid)
        (process / "fd").mkdir(parents=True)
        (process / "fd/5").symlink_to("/dev/null")
        (process / "cgroup").write_text(cgroup)
        (process / "comm").write_text("minicom\n")
    (tmp_path / "9").mkdir()

    holders = holders_of(Path("/dev/null"), proc=tmp_path)

    assert [(holder.pid, holder.name) for holder in holders] == [(7, "visitbridge.service"), (8, "minicom")]


async def test_every_command_explains_itself() -> None:
    code, out, _ = await run_tool(TOOL, "--help")

    assert code == 0
    assert all(name in out for name in ("ports", "probe", "enter-pin", "apn", "at", "console"))
