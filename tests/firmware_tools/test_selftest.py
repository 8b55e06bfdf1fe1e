"""vb-selftest: each part that can fail does fail, and a report that was changed is refused."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from tests.firmware_tools.terminal import run_tool
from tests.pcsc import clients_of
from vbtools.modem.transports import Options
from vbtools.selftest.certificates import try_certificates
from vbtools.selftest.devices import BoardSupply, try_modem, try_readers, try_store
from vbtools.selftest.isolation import try_isolation
from vbtools.selftest.machine import ClockWatch, Watch, try_disk
from vbtools.selftest.model import PROBES, Finding, Outcome, Report, worst_of
from vbtools.selftest.paper import draw
from vbtools.selftest.signing import fingerprint_of, open_key, sign_json, sign_pdf, verify
from vbtools.selftest.wording import describe, verdict
from visitbridge import RELEASED_AT
from visitbridge.adapters.tls import open_box_tls
from visitbridge.errors import FieldInvalid, NameMissing, OutsideValidity
from visitbridge.sim.card import build_card
from visitbridge.sim.modem import FaultKind, ModemSetup, VirtualModem
from visitbridge.sim.pcscd import open_pcscd
from visitbridge.words import LANGUAGES, load_catalogue

TOOL = "vbtools.selftest.command"
ROOT = Path(__file__).parents[2]
NOW = dt.datetime(2026, 11, 22, 4, tzinfo=dt.UTC)
PERSONAL = ("王測試", "900000000001", "A123456788", "0300308")


def report_of(*findings: Finding, required: tuple[str, ...] = ()) -> Report:
    return Report(
        box="VB-001",
        machine="a board",
        system="a system",
        began_at=NOW,
        ended_at=NOW,
        rounds=1,
        required=required,
        findings=findings,
    )


def thermal(sysfs: Path, *millidegrees: str) -> None:
    for number, value in enumerate(millidegrees):
        zone = sysfs / f"class/thermal/thermal_zone{number}"
        zone.mkdir(parents=True, exist_ok=True)
        (zone / "temp").write_text(value)


@pytest.mark.parametrize(
    ("heats", "outcome", "hottest_c"),
    [
        ([("41000", "52000")], Outcome.GOOD, 52.0),
        ([("41000",), ("81500",), ("60000",)], Outcome.BAD, 81.5),
        ([("80000",)], Outcome.BAD, 80.0),
        ([("-5000",)], Outcome.GOOD, -5.0),
        ([("none",)], Outcome.ABSENT, None),
        ([()], Outcome.ABSENT, None),
    ],
)
def test_the_hottest_moment_counts(
    tmp_path: Path, heats: list[tuple[str, ...]], outcome: Outcome, hottest_c: float | None
) -> None:
    watch = Watch(BoardSupply(tmp_path), tmp_path)
    for values in heats:
        thermal(tmp_path, *values)
        watch.look()

    finding = watch.temperature()

    assert (finding.outcome, finding.facts.get("hottest_c")) == (outcome, hottest_c)


@pytest.mark.parametrize(
    ("alarms", "outcome", "low"),
    [("000", Outcome.GOOD, 0), ("010", Outcome.BAD, 1), ("", Outcome.ABSENT, None)],
)
def test_one_moment_of_low_voltage_is_a_failure(
    tmp_path: Path, alarms: str, outcome: Outcome, low: int | None
) -> None:
    watch = Watch(BoardSupply(tmp_path), tmp_path)
    watch.look()
    sensor = tmp_path / "class/hwmon/hwmon0"
    sensor.mkdir(parents=True)
    (sensor / "name").write_text("rpi_volt\n")
    for alarm in alarms:
        (sensor / "in0_lcrit_alarm").write_text(f"{alarm}\n")
        watch.look()

    finding = watch.supply()

    assert (finding.outcome, finding.facts.get("under_voltage")) == (outcome, low)


@pytest.mark.parametrize(
    ("moved_s", "watched_s", "now", "outcome", "reason"),
    [
        (3600.0, 3600.0, NOW, Outcome.GOOD, ""),
        (3600.4, 3600.0, NOW, Outcome.GOOD, ""),
        (3602.0, 3600.0, NOW, Outcome.BAD, "jumped"),
        (10.0, 3600.0, NOW, Outcome.BAD, "jumped"),
        (1.0, 1.0, RELEASED_AT - dt.timedelta(days=3), Outcome.BAD, "before_release"),
    ],
)
def test_a_clock_that_is_set_meanwhile_or_stands_in_the_past_is_told(
    tmp_path: Path, moved_s: float, watched_s: float, now: dt.datetime, outcome: Outcome, reason: str
) -> None:
    wall, boot = [now, now + dt.timedelta(seconds=moved_s)], [100.0, 100.0 + watched_s]

    finding = ClockWatch(lambda: wall.pop(0), lambda: boot.pop(0), tmp_path).finding()

    assert (finding.outcome, finding.reason) == (outcome, reason)


def test_what_is_written_to_the_disk_comes_back_and_nothing_stays(tmp_path: Path) -> None:
    finding = try_disk(tmp_path, 3, least_free_bytes=0)

    assert (finding.outcome, finding.facts["megabytes"]) == (Outcome.GOOD, 3)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_returns_something_else_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(descriptor: int, *_: int) -> None:
        with Path(f"/proc/self/fd/{descriptor}").readlink().open("r+b") as file:
            file.seek(1 << 20)
            file.write(b"\xff" * 16 + b"\x00" * 16)

    monkeypatch.setattr(os, "posix_fadvise", spoil)

    finding = try_disk(tmp_path, 2, least_free_bytes=0)

    assert (finding.outcome, finding.reason) == (Outcome.BAD, "differs")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_not_filled(tmp_path: Path) -> None:
    finding = try_disk(tmp_path, 1, least_free_bytes=1 << 60)

    assert (finding.outcome, finding.reason) == (Outcome.BAD, "full")


def test_a_disk_that_cannot_be_written_to_is_told() -> None:
    finding = try_disk(Path("/proc"), 1, least_free_bytes=-(1 << 30))

    assert (finding.outcome, finding.reason) == (Outcome.BAD, "io")


async def test_commits_are_timed_in_a_store_of_their_own_and_found_again(tmp_path: Path) -> None:
    finding = await try_store(tmp_path, 40)

    assert (finding.facts["commits"], finding.facts["found"]) == (40, 40)
    p50, p95, longest = (float(finding.facts[name]) for name in ("p50_ms", "p95_ms", "longest_ms"))
    assert 0 < p50 <= p95 <= longest
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


@pytest.mark.parametrize(("limit_ms", "outcome"), [(0.0001, Outcome.BAD), (60_000.0, Outcome.GOOD)])
async def test_commits_that_take_too_long_are_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit_ms: float, outcome: Outcome
) -> None:
    monkeypatch.setattr("vbtools.selftest.devices.SLOWEST_COMMIT_P95_MS", limit_ms)

    assert (await try_store(tmp_path, 5)).outcome is outcome


async def test_a_store_that_cannot_be_made_is_told() -> None:
    finding = await try_store(Path("/proc"), 1)

    assert (finding.outcome, finding.reason) == (Outcome.BAD, "io")


@pytest.fixture
async def two_readers() -> AsyncIterator[None]:
    async with open_pcscd(slots=2) as pcscd:
        await pcscd.slots[0].insert(build_card("patient-wang"))
        with clients_of(pcscd.socket_path):
            yield


@pytest.mark.usefixtures("two_readers")
async def test_each_reader_is_told_apart_and_an_empty_one_was_not_tried() -> None:
    with_card, empty = await try_readers(5, wait_s=2.0, allow_virtual=True)

    assert (with_card.outcome, with_card.facts["good"], with_card.virtual) == (Outcome.GOOD, 5, True)
    assert (empty.outcome, empty.reason) == (Outcome.ABSENT, "no_card")


@pytest.mark.parametrize(
    ("setup", "fault", "outcome", "reason"),
    [
        (ModemSetup(), None, Outcome.GOOD, ""),
        (ModemSetup(sim_pin="4711"), None, Outcome.GOOD, ""),
        (ModemSetup(sim_pin="4711", pin_tries=0), None, Outcome.BAD, "sim"),
        (ModemSetup(sim_present=False), None, Outcome.BAD, "sim"),
        (ModemSetup(), FaultKind.SILENT, Outcome.BAD, "GW-DEV-11"),
    ],
    ids=["open", "asks for a PIN", "blocked", "no SIM", "silent"],
)
async def test_a_modem_is_good_with_a_sim_that_can_be_used(
    tmp_path: Path, setup: ModemSetup, fault: FaultKind | None, outcome: Outcome, reason: str
) -> None:
    async with VirtualModem(tmp_path / "at", setup).open() as modem:
        for kind in filter(None, [fault]):
            modem.begin(kind)
        finding = await try_modem(Options(port=modem.link, family="sim7600", allow_virtual=True))

    assert (finding.outcome, finding.reason) == (outcome, reason)


async def test_without_a_modem_there_is_none(tmp_path: Path) -> None:
    finding = await try_modem(Options(port=tmp_path / "nothing"))

    assert (finding.outcome, finding.reason) == (Outcome.ABSENT, "no_modem")


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        ("true", "good", ""),
        ("nft add rule inet visitbridge from_phones tcp dport 8443 accept", "bad", "ports"),
        ("nft add rule inet visitbridge from_phones tcp dport 1000-2000 accept", "bad", "ports"),
        ("nft add chain inet visitbridge forward '{ policy accept; }'", "bad", "open"),
        ("nft insert rule inet visitbridge forward accept", "bad", "open"),
        ("nft delete table inet visitbridge", "bad", "no_firewall"),
    ],
)
def test_the_firewall_is_judged_as_the_kernel_has_it(change: str, outcome: str, reason: str) -> None:
    rules = ROOT / "systemd/nftables"
    ask = (
        "import asyncio, pathlib; from vbtools.selftest.isolation import try_isolation;"
        f"f = asyncio.run(try_isolation(pathlib.Path('{rules}/visitbridge-interfaces.nft')));"
        "print(f.outcome, f.reason)"
    )
    script = f'set -e; nft -I {rules} -f {rules}/visitbridge.nft; {change}; exec "$PYTHON" -c "{ask}"'
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", "sh", "-c", script],
        env=os.environ
        | {"PYTHON": str(ROOT / ".venv/bin/python"), "PATH": f"{os.environ['PATH']}:/usr/sbin"},
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout.split() == [outcome, *reason.split()]


async def test_before_provisioning_there_is_no_firewall_to_judge(tmp_path: Path) -> None:
    finding = await try_isolation(tmp_path / "visitbridge-interfaces.nft")

    assert (finding.outcome, finding.reason) == (Outcome.ABSENT, "not_provisioned")


@pytest.mark.parametrize(
    ("hosts", "after_days", "outcome", "reason"),
    [
        (["10.42.0.1"], 0, Outcome.GOOD, ""),
        ([], 0, Outcome.GOOD, ""),
        (["10.42.0.9"], 0, Outcome.BAD, NameMissing.code),
        (["10.42.0.1"], 810, Outcome.BAD, "ends_soon"),
        (["10.42.0.1"], 900, Outcome.BAD, OutsideValidity.code),
    ],
)
def test_the_certificate_is_judged_as_phones_will(
    tmp_path: Path, hosts: list[str], after_days: int, outcome: Outcome, reason: str
) -> None:
    open_box_tls(tmp_path, ["10.42.0.1"], NOW, name="a box")

    finding = try_certificates(tmp_path, hosts, NOW + dt.timedelta(days=after_days))

    assert (finding.outcome, finding.reason) == (outcome, reason)


def test_a_box_that_never_started_has_no_certificate(tmp_path: Path) -> None:
    assert try_certificates(tmp_path, [], NOW).reason == "no_certificate"


def test_one_bad_round_is_not_forgotten() -> None:
    rounds = [
        Finding(probe="store", outcome=outcome) for outcome in (Outcome.GOOD, Outcome.BAD, Outcome.GOOD)
    ]

    assert worst_of(rounds).outcome is Outcome.BAD


@pytest.mark.parametrize(
    ("outcome", "required", "passed"),
    [
        (Outcome.GOOD, (), True),
        (Outcome.ABSENT, (), True),
        (Outcome.ABSENT, ("readers",), False),
        (Outcome.ABSENT, ("modem",), True),
        (Outcome.BAD, (), False),
    ],
)
def test_what_is_not_there_is_a_failure_where_it_was_required(
    outcome: Outcome, required: tuple[str, ...], passed: bool
) -> None:
    assert report_of(Finding(probe="readers", outcome=outcome), required=required).passed is passed


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_verdict_names_what_there_was_nothing_of(language: str) -> None:
    catalogue = load_catalogue()
    report = report_of(*(Finding(probe=probe, outcome=Outcome.ABSENT) for probe in PROBES))

    text = verdict(report, catalogue, language)

    assert all(catalogue.texts(language)[f"tools.selftest.probe.{probe}"] in text for probe in PROBES)


def signed(tmp_path: Path) -> tuple[bytes, bytes, str]:
    """JSON, PDF and the fingerprint of the key that signed them."""
    key = open_key(tmp_path / "selftest.key")
    report = report_of(Finding(probe="modem", outcome=Outcome.GOOD, facts={"firmware": "1.2"}))
    fingerprint = fingerprint_of(key.public_key().public_bytes_raw())
    return sign_json(msgspec.json.encode(report), key), sign_pdf(draw(report, fingerprint), key), fingerprint


def test_a_signed_report_is_taken_whatever_way_the_fingerprint_is_written(tmp_path: Path) -> None:
    data, paper, fingerprint = signed(tmp_path)
    in_pairs = " ".join(fingerprint[at : at + 4].upper() for at in range(0, 64, 4))

    assert msgspec.json.decode(verify(data, fingerprint), type=Report).box == "VB-001"
    assert verify(paper, in_pairs).startswith(b"%PDF-")
    assert (tmp_path / "selftest.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", [0, 1], ids=["json", "pdf"])
@pytest.mark.parametrize("place", [0.05, 0.3, 0.6, 0.9])
def test_a_report_with_one_changed_byte_is_refused(tmp_path: Path, kind: int, place: float) -> None:
    data, paper, fingerprint = signed(tmp_path)
    file = bytearray((data, paper)[kind])
    file[int(len(file) * place)] ^= 0x01

    with pytest.raises(FieldInvalid):
        verify(bytes(file), fingerprint)


def test_a_better_verdict_under_the_old_signature_is_refused(tmp_path: Path) -> None:
    data, _, fingerprint = signed(tmp_path)
    envelope = json.loads(data)
    envelope["report"] = envelope["report"].replace('"good"', '"absent"')

    with pytest.raises(FieldInvalid, match="changed after it was signed") as caught:
        verify(json.dumps(envelope).encode(), fingerprint)

    assert caught.value.field == "file"


@pytest.mark.parametrize("kind", [0, 1], ids=["json", "pdf"])
def test_a_report_that_somebody_else_signed_is_refused(tmp_path: Path, kind: int) -> None:
    (tmp_path / "other").mkdir()
    fingerprint = signed(tmp_path)[2]
    data, paper, _ = signed(tmp_path / "other")

    with pytest.raises(FieldInvalid, match="another key") as caught:
        verify((data, paper)[kind], fingerprint)

    assert caught.value.field == "fingerprint"


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"{}",
        b"[]",
        b"%PDF-1.4\n%%EOF\n",
        b"%PDF-1.4\n%visitbridge-selftest-signature AAAA\n",
        b"\xff\xfe",
    ],
)
def test_what_is_no_report_is_refused(file: bytes) -> None:
    with pytest.raises(FieldInvalid):
        verify(file, "00" * 32)


def test_the_paper_says_in_both_languages_what_the_report_says(tmp_path: Path) -> None:
    catalogue = load_catalogue()
    report = report_of(
        Finding(probe="modem", outcome=Outcome.BAD, reason="GW-DEV-21"),
        Finding(probe="readers", outcome=Outcome.GOOD, facts={"reader": "R", "good": 5}, virtual=True),
        Finding(probe="supply", outcome=Outcome.ABSENT, reason="no_sensor"),
    )
    (tmp_path / "r.pdf").write_bytes(draw(report, "ab" * 32))
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "r.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    words = "".join(text.split())

    for language in LANGUAGES:
        assert "".join(verdict(report, catalogue, language).split()) in words
        for line in describe(report, catalogue, language):
            assert "".join(line.probe.split()) in words
            assert "".join(line.advice.split()) in words
        assert "".join(catalogue.texts(language)["tools.selftest.virtual"].split()) in words
    assert "ab" * 32 in words


async def test_a_whole_box_is_tried_signed_and_verified(tmp_path: Path) -> None:
    """On a virtual reader with a patient's card and a virtual modem; nothing of the card is in any file."""
    (tmp_path / "state/tls").mkdir(parents=True)
    await asyncio.to_thread(
        open_box_tls, tmp_path / "state/tls", ["10.42.0.1"], dt.datetime.now(dt.UTC), name="b"
    )
    async with open_pcscd(slots=1) as pcscd, VirtualModem(tmp_path / "at", ModemSetup()).open() as modem:
        await pcscd.slots[0].insert(build_card("patient-wang"))
        options = ("--state", str(tmp_path / "state"), "--key", str(tmp_path / "key"), "--megabytes", "1")
        modem_options = ("--modem-port", str(modem.link), "--modem-family", "sim7600", "--allow-virtual")
        counts = ("--rounds", "2", "--reads", "3", "--commits", "5", "--box", "VB-007")
        with clients_of(pcscd.socket_path):
            code, out, err = await run_tool(
                TOOL, "run", str(tmp_path / "r"), *options, *modem_options, *counts
            )
    _, fingerprint, _ = await run_tool(TOOL, "key", "--key", str(tmp_path / "key"))
    checks = [
        await run_tool(TOOL, "verify", str(tmp_path / f"r.{kind}"), "--fingerprint", fingerprint.strip())
        for kind in ("json", "pdf")
    ]

    assert (code, "2/2" in err) == (0, True)
    assert "good\tCard reader\tSimulated, not real hardware · " in out
    assert "good\tMobile network\tSimulated" in out
    assert [(each[0], "This box signed this report" in each[1]) for each in checks] == [(0, True)] * 2
    report = msgspec.json.decode(json.loads((tmp_path / "r.json").read_bytes())["report"], type=Report)
    assert list(dict.fromkeys(finding.probe for finding in report.findings)) == list(PROBES)
    written = (tmp_path / "r.json").read_text("utf-8") + out + err
    assert not [personal for personal in PERSONAL if personal in written]


async def test_a_box_that_is_not_good_ends_with_an_error_and_its_report_too(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path), "--key", str(tmp_path / "key"), "--megabytes", "1", "--commits", "2")
    code, out, _ = await run_tool(
        TOOL,
        "run",
        str(tmp_path / "r"),
        *options,
        "--wait",
        "0.1",
        "--require",
        "modem",
        "--modem-port",
        "/dev/nothing",
    )
    fingerprint = (await run_tool(TOOL, "key", "--key", str(tmp_path / "key")))[1].strip()
    verified = await run_tool(TOOL, "verify", str(tmp_path / "r.json"), "--fingerprint", fingerprint)

    assert (code, "not good\tMobile network\tNo modem." in out) == (1, True)
    assert verified[0] == 1
    assert "not good\tMobile network" in verified[1]


@pytest.mark.parametrize("name", ["r.json", "r.pdf"])
async def test_a_report_that_could_not_be_written_is_told_before_the_night_is_spent(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("of last week", "utf-8")
    options = ("--state", str(tmp_path), "--key", str(tmp_path / "key"), "--megabytes", "1", "--commits", "2")
    code, out, err = await run_tool(TOOL, "run", str(tmp_path / "r"), *options, "--wait", "0.1")

    assert (code, out, name in err, "1/1" in err) == (1, "", True, False)
    assert (tmp_path / name).read_text("utf-8") == "of last week"


async def test_an_unknown_probe_is_refused_by_name(tmp_path: Path) -> None:
    code, _, err = await run_tool(TOOL, "run", str(tmp_path / "r"), "--require", "radar")

    assert (code, "radar" in err) == (2, True)
