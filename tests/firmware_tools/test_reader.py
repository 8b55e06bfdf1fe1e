"""vb-reader as a technician runs it: a program of its own, on a real pcscd and on bluezero behind a private D-Bus."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec
import pytest

from tests.bluetooth import NOON, acr3901_unit, br301_unit
from vbtools.reader.keys import KeyFile
from vbtools.reader.report import Report
from visitbridge.errors import FieldInvalid
from visitbridge.ports.bluetooth import ReaderFamily, RememberedReader
from visitbridge.protocols.acs.secure import FACTORY_MASTER_KEY
from visitbridge.sim.ble.acr3901 import SimulatedAcr3901
from visitbridge.sim.bluez.bus import open_private_bus
from visitbridge.sim.bluez.device import Unit
from visitbridge.sim.bluez.double import open_bluez
from visitbridge.sim.card import build_card
from visitbridge.sim.pcscd import open_pcscd

SELECT_NHI = "00A4040010D1580000010000000000000000001100"
_PERSONAL = ("王測試", "900000000001", "A123456788", "0300308")


class Tool:
    """``said`` is everything that was printed so far, for looking through it as a whole."""

    def __init__(self, environment: Mapping[str, str], *options: str) -> None:
        self._environment = dict(os.environ) | {"LC_ALL": "C.UTF-8"} | dict(environment)
        self._options = ("--allow-virtual", "--wait", "3", *options)
        self.said = ""

    async def __call__(self, *arguments: str, typed: str = "") -> tuple[int, str, str]:
        """Exit code, output and complaints."""
        return await self.run(*self._options, *arguments, typed=typed)

    async def run(self, *arguments: str, typed: str = "") -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vbtools.reader.command", *arguments),
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(typed.encode())
        self.said += out.decode() + err.decode()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()


@pytest.fixture
async def usb() -> AsyncIterator[Tool]:
    """Two readers by PC/SC, a patient's card in the first."""
    async with open_pcscd(slots=2) as pcscd:
        await pcscd.slots[0].insert(build_card("patient-wang"))
        tool = Tool({"PCSCLITE_CSOCK_NAME": str(pcscd.socket_path)})
        yield tool
        for personal in _PERSONAL:
            assert personal not in tool.said


@contextlib.asynccontextmanager
async def open_bluetooth(keys: Path, *units: Unit) -> AsyncIterator[Tool]:
    async with open_private_bus() as bus, open_bluez(bus.address, units):
        environment = {"DBUS_SYSTEM_BUS_ADDRESS": bus.address}
        yield Tool(environment, "--no-usb", "--bluetooth", str(keys))


async def test_every_reader_is_listed_and_simulated_ones_only_when_asked_for(usb: Tool) -> None:
    # A probe waits for the card, which pcscd notices up to 0.4 s after it was put in.
    await usb("probe", "--reader", "pcsc-visitbridge-virtual-reader-1-0")
    code, out, _ = await usb("list")
    assert code == 0
    assert [line.split("\t")[:3] for line in out.splitlines()] == [
        ["pcsc-visitbridge-virtual-reader-1-0", "card", "pcsc"],
        ["pcsc-visitbridge-virtual-reader-1-1", "empty", "pcsc"],
    ]
    code, out, _ = await usb.run("--wait", "0.5", "list")
    assert (code, out.startswith("No reader.")) == (0, True)


async def test_a_probe_tells_of_the_card_but_not_whose_it_is(usb: Tool) -> None:
    code, out, _ = await usb("probe", "--reader", "pcsc-visitbridge-virtual-reader-1-0")
    assert code == 0
    assert "protocol: T=1\napplications: NHI card\n" in out
    assert "ATR: 3BFA1800008131FE4550564A434F503453494493\n" in out


async def test_commands_go_to_the_card_as_they_are_until_one_is_refused(usb: Tool) -> None:
    reader = ("--reader", "pcsc-visitbridge-virtual-reader-1-0")
    assert await usb("apdu", *reader, SELECT_NHI, "00FF0000", SELECT_NHI) == (0, "9000\n6D00\n", "")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("apdu", "--reader", "pcsc-visitbridge-virtual-reader-1-0", "00A4Z"), "commands:"),
        (("probe",), "reader:"),
        (("probe", "--reader", "ble"), "reader:"),
        (("rotate-key", "--reader", "pcsc-visitbridge-virtual-reader-1-0"), "bluetooth:"),
    ],
    ids=["no hexadecimal", "two readers", "no such reader", "no Bluetooth"],
)
async def test_what_cannot_be_done_is_refused_by_its_field(
    usb: Tool, arguments: tuple[str, ...], field: str
) -> None:
    code, _, err = await usb(*arguments)
    assert (code, f"  {field}" in err) == (1, True)


async def test_a_burn_in_reads_the_card_so_many_times_and_writes_a_report(usb: Tool, tmp_path: Path) -> None:
    reader = ("--reader", "pcsc-visitbridge-virtual-reader-1-0")
    file = tmp_path / "reader-7"
    code, out, _ = await usb("burn-in", *reader, "--count", "20", "--report", str(file))
    assert code == 0
    assert "burn-in: 20 of 20 reads good, 40 commands\n" in out
    report = msgspec.json.decode(file.with_name("reader-7.json").read_bytes(), type=Report)
    assert report.burn_in is not None
    latency = report.burn_in.latency_ms
    assert latency is not None
    assert 0 < latency.p50 <= latency.p95 <= latency.p99 <= latency.longest
    assert (report.burn_in.reads, report.burn_in.good, report.burn_in.errors) == (20, 20, {})
    text = file.with_name("reader-7.txt").read_text("utf-8")
    assert text == out[: len(text)]
    usb.said += text + file.with_name("reader-7.json").read_text("utf-8")


async def test_a_report_that_could_not_be_written_is_told_before_the_burn_in(
    usb: Tool, tmp_path: Path
) -> None:
    (tmp_path / "reader-7.txt").write_text("of last week", "utf-8")
    reader = ("--reader", "pcsc-visitbridge-virtual-reader-1-0")
    code, out, err = await usb("burn-in", *reader, "--count", "2", "--report", str(tmp_path / "reader-7"))
    gone = await usb("burn-in", *reader, "--count", "2", "--report", str(tmp_path / "nowhere/reader-7"))

    assert (code, out, "reader-7.txt exists" in err) == (1, "", True)
    assert (gone[0], gone[1], "cannot write into" in gone[2]) == (1, "", True)


async def test_a_burn_in_that_was_not_all_well_ends_with_an_error(usb: Tool) -> None:
    code, out, err = await usb("burn-in", "--reader", "pcsc-visitbridge-virtual-reader-1-1", "--count", "3")
    assert code == 1
    assert "errors: GW-CRD-01 3 times\n" in out
    assert "0 of 3 reads good" in err


async def test_a_bluetooth_reader_is_paired_used_given_another_key_and_given_back(tmp_path: Path) -> None:
    unit = acr3901_unit(is_paired=False)
    simulated = unit.reader
    assert isinstance(simulated, SimulatedAcr3901)
    await simulated.insert(build_card("patient-wang"))
    keys = tmp_path / "keys.json"
    async with open_bluetooth(keys, unit) as tool:
        _, out, _ = await tool("scan")
        assert out.split("\t")[:2] == [unit.address, "acs"]
        paired = await tool("pair", unit.address, typed="y\n")
        assert (paired[0], simulated.reader_id in paired[1]) == (0, True)
        assert keys.stat().st_mode & 0o777 == 0o600
        (first,) = KeyFile(keys).all()
        assert first.key == simulated.master_key != FACTORY_MASTER_KEY

        code, out, _ = await tool("probe")
        assert (code, "applications: NHI card\n" in out, "vendor: ACS\n" in out) == (0, True, True)
        code, out, _ = await tool("burn-in", "--count", "3")
        assert (code, "burn-in: 3 of 3 reads good, 6 commands\n" in out) == (0, True)

        assert (await tool("rotate-key"))[0] == 0
        (second,) = KeyFile(keys).all()
        assert second.key == simulated.master_key != first.key
        assert (await tool("give-back"))[0] == 0
    assert simulated.master_key == FACTORY_MASTER_KEY
    assert KeyFile(keys).all() == ()
    for personal in _PERSONAL:
        assert personal not in tool.said


async def test_a_reader_that_nobody_hears_is_not_paired(tmp_path: Path) -> None:
    async with open_bluetooth(tmp_path / "keys.json", br301_unit(is_paired=False)) as tool:
        code, _, err = await tool("pair", "02:00:00:00:00:FF")
    assert (code, "  address:" in err) == (1, True)
    assert not (tmp_path / "keys.json").exists()


def test_a_file_that_is_no_file_of_keys_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text("something else")
    with pytest.raises(FieldInvalid) as refused:
        KeyFile(file)
    assert (refused.value.field, file.read_text()) == ("bluetooth", "something else")


async def test_a_key_under_way_is_on_disk_beside_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    keys = KeyFile(file)
    unit = acr3901_unit()
    keys.remember(
        RememberedReader(
            reader_id=unit.reader.reader_id,
            address=unit.address,
            family=ReaderFamily.ACS,
            model="ACR3901U-S1",
            name="ACR3901U-S1",
            remembered_at=NOON,
            key=b"k" * 16,
        )
    )
    await keys.prepare(unit.reader.reader_id, b"k" * 16, b"n" * 16)
    (again,) = KeyFile(file).all()
    assert (again.key, again.next_key) == (b"k" * 16, b"n" * 16)
    await keys.settle(unit.reader.reader_id, b"n" * 16)
    (settled,) = KeyFile(file).all()
    assert (settled.key, settled.next_key) == (b"n" * 16, None)
