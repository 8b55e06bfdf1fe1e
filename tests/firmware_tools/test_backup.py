"""vb-backup: settings go over to another box; what makes a box this one box never does (beyond #15)."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.firmware_tools.terminal import open_terminal, run_tool
from vbtools.backup.sealed import open_by_phrase, open_with_key, seal_by_phrase, seal_to_key
from vbtools.backup.settings import RESTORED, STAYS, Backup, as_toml, check, collect, decode, encode
from vbtools.selftest.signing import fingerprint_of
from visitbridge.config import Config, load_config
from visitbridge.errors import ConfigError, FieldInvalid

TOOL = "vbtools.backup.command"
NOW = dt.datetime(2026, 11, 22, 4, tzinfo=dt.UTC)
PHRASE = "eleven blue umbrellas"
GOES_OVER = """
[http]
hosts = ["10.42.0.1", "visitbridge"]
answer_probes = false
[modem]
profile = "ec25"
apn = "vpn.example"
auth = "chap"
user = "box"
nmea_port = "/dev/visitbridge/modem-nmea"
[policy]
phone_lock_minutes = 5
[uplinks]
order = ["modem", "ethernet:eth0"]
"""
CANARIES = {
    "box": 'name = "canary-name"\nstate_dir = "/canary-state"',
    "pairing": f'label_digest = "{"ca" * 32}"',
    "store": 'credential = "canary-store"\nkey_file = "/canary-key"',
    "modem": 'serial = "canary-modem"\npower_hook = ["/canary-hook"]\nsim_pin_credential = "canary-pin"\n'
    'apn_credential = "canary-password"',
}
"""What must not go over, each named in a file of its own."""


def write_box(folder: Path, text: str) -> Path:
    """A box's configuration; where the canaries were put, if there are any."""
    (folder / "conf.d").mkdir(parents=True)
    (folder / "visitbridge.toml").write_text(text, "utf-8")
    return folder / "visitbridge.toml"


@pytest.fixture
def old_box(tmp_path: Path) -> Path:
    configuration = write_box(tmp_path / "old", GOES_OVER)
    for section, text in CANARIES.items():
        (configuration.parent / f"conf.d/50-{section}.toml").write_text(f"[{section}]\n{text}\n", "utf-8")
    return configuration


@pytest.fixture
def new_box(tmp_path: Path) -> Path:
    """Provisioned as itself, with another address for its phones."""
    configuration = write_box(tmp_path / "new", "")
    text = '[box]\nname = "new"\n[http]\nhosts = ["10.9.9.1"]\n'
    (configuration.parent / "conf.d/50-box.toml").write_text(text, "utf-8")
    return configuration


async def make(file: Path, configuration: Path) -> str:
    """What stood on the screen."""
    async with open_terminal(TOOL, "make", str(file), "--configuration", str(configuration)) as terminal:
        await terminal.answer("Passphrase for the backup", PHRASE)
        await terminal.answer("Once more", PHRASE)
        assert await terminal.wait_end() == 0
        await terminal.wait_seen("settings sealed into")
        return terminal.seen


async def test_a_box_takes_anothers_place_with_its_settings_and_its_own_identity(
    old_box: Path, new_box: Path, tmp_path: Path
) -> None:
    seen = await make(tmp_path / "settings", old_box)
    async with open_terminal(
        TOOL, "restore", str(tmp_path / "settings"), "--configuration", str(new_box)
    ) as terminal:
        await terminal.answer("Passphrase of the backup", PHRASE)
        assert await terminal.wait_end() == 0
        await terminal.wait_seen("systemctl restart visitbridge")

    config = load_config(new_box).config
    assert (config.modem.apn, config.modem.user, config.policy.phone_lock_minutes) == (
        "vpn.example",
        "box",
        5,
    )
    assert (config.http.answer_probes, config.uplinks.order) == (False, ("modem", "ethernet:eth0"))
    assert (config.box.name, config.http.hosts) == ("new", ("10.9.9.1",))
    assert PHRASE not in seen + terminal.seen


async def test_nothing_of_the_old_boxs_identity_leaves_it(old_box: Path, tmp_path: Path) -> None:
    await make(tmp_path / "settings", old_box)

    plain = open_by_phrase((tmp_path / "settings").read_bytes(), PHRASE.encode())

    assert json.loads(plain)["settings"]["modem"]["apn"] == "vpn.example"
    told = plain.replace(b'"box":"canary-name"', b"")
    assert not [part for part in (b"canary", b"ca" * 32, PHRASE.encode()) if part in told]
    assert b"vpn.example" not in (tmp_path / "settings").read_bytes()
    assert (tmp_path / "settings").stat().st_mode & 0o777 == 0o600


def test_every_section_of_the_configuration_was_thought_of() -> None:
    """A new section goes over unless it is named here as one that stays; whoever adds one decides."""
    sections = {field.name: field.type for field in msgspec.structs.fields(Config)}
    keys = {f"{name}.{key.name}" for name, kind in sections.items() for key in msgspec.structs.fields(kind)}
    going = {"datacentre", "http", "link", "log", "modem", "outbox", "policy", "readers", "support", "time"}

    assert sections.keys() | keys >= STAYS
    assert sections.keys() - STAYS == going | {"power", "training", "uplinks"}
    left = {key for key in keys - STAYS if key.partition(".")[0] not in STAYS}
    assert not [key for key in left if key.endswith(("credential", "_hook", "key_file", "_key"))]


def backup(**settings: dict[str, object]) -> Backup:
    return Backup(box="old", made_at=NOW, settings=settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"box": {"name": "x"}},
        {"pairing": {"label_digest": "00" * 32}},
        {"modem": {"apn": "x", "power_hook": ["/bin/sh"]}},
        {"http": {"tls_key": "/x"}},
    ],
)
def test_a_file_that_carries_another_boxs_identity_is_refused(settings: dict[str, dict[str, object]]) -> None:
    with pytest.raises(FieldInvalid, match="of another box"):
        as_toml(backup(**settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"modem": {"frequency": 1}},
        {"weather": {"a": 1}},
        {"policy": {"phone_lock_minutes": -1}},
        {"modem": {"user": "a\nb = 1"}},
    ],
    ids=["unknown key", "unknown section", "out of range", "not refused"],
)
def test_what_this_program_does_not_take_changes_nothing(
    new_box: Path, tmp_path: Path, settings: dict[str, dict[str, object]]
) -> None:
    (tmp_path / "scratch").mkdir()
    problems: tuple[str, ...] = ()
    try:
        check(backup(**settings), new_box, tmp_path / "scratch")
    except ConfigError as exc:
        problems = exc.problems

    assert all(problem.startswith(RESTORED) for problem in problems)
    assert bool(problems) is ("user" not in settings.get("modem", {}))
    assert not (new_box.parent / RESTORED).exists()


def test_a_newer_programs_file_is_refused_by_its_version() -> None:
    newer = msgspec.json.decode(encode(backup(modem={"apn": "x"}))) | {"format": 2, "something": "new"}

    with pytest.raises(FieldInvalid, match="newer program \\(format 2") as caught:
        decode(msgspec.json.encode(newer))

    assert caught.value.field == "file"


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"format": 1}', b'{"format": "1"}', b"\xff"])
def test_what_is_no_backup_is_refused(content: bytes) -> None:
    with pytest.raises(FieldInvalid, match="no backup"):
        decode(content)


def test_only_what_somebody_set_goes_over(tmp_path: Path) -> None:
    assert collect(write_box(tmp_path / "box", ""), NOW).settings == {}


@pytest.mark.parametrize("place", [0, 8, 24, 36, -1])
def test_a_changed_file_or_another_phrase_opens_nothing(place: int) -> None:
    file = bytearray(seal_by_phrase(b"settings", PHRASE.encode()))
    assert open_by_phrase(bytes(file), PHRASE.encode()) == b"settings"
    with pytest.raises(FieldInvalid):
        open_by_phrase(bytes(file), PHRASE.encode() + b"!")
    file[place] ^= 1

    with pytest.raises(FieldInvalid):
        open_by_phrase(bytes(file), PHRASE.encode())


def test_a_file_to_the_institution_is_taken_from_the_box_that_was_expected_only() -> None:
    institution, box, forger = (
        X25519PrivateKey.generate(),
        Ed25519PrivateKey.generate(),
        Ed25519PrivateKey.generate(),
    )
    expected = fingerprint_of(box.public_key().public_bytes_raw())

    assert open_with_key(seal_to_key(b"s", institution.public_key(), box), institution, expected) == b"s"
    with pytest.raises(FieldInvalid, match="another box") as caught:
        open_with_key(seal_to_key(b"s", institution.public_key(), forger), institution, expected)
    assert caught.value.field == "fingerprint"
    with pytest.raises(FieldInvalid):
        open_with_key(seal_to_key(b"s", institution.public_key(), box), X25519PrivateKey.generate(), expected)


async def test_an_institutions_key_opens_what_was_sealed_to_it(
    old_box: Path, new_box: Path, tmp_path: Path
) -> None:
    file, key = str(tmp_path / "settings"), str(tmp_path / "institution.pem")
    public = (await run_tool(TOOL, "key", key))[1].strip()
    place = ("--configuration", str(old_box), "--sign-with", str(tmp_path / "box.key"))
    _, made, _ = await run_tool(TOOL, "make", file, "--to", public, *place)
    fingerprint = made.split("key ")[1].split("\n")[0]
    new = ("--configuration", str(new_box))
    without = await run_tool(TOOL, "restore", file, *new)
    wrong = await run_tool(TOOL, "restore", file, *new, "--key", key, "--fingerprint", "00" * 32)
    shown = await run_tool(TOOL, "show", file, *new, "--key", key, "--fingerprint", fingerprint)
    restored = await run_tool(TOOL, "restore", file, *new, "--key", key, "--fingerprint", fingerprint)
    again = await run_tool(TOOL, "restore", file, *new, "--key", key, "--fingerprint", fingerprint)

    assert [code for code, _, _ in (without, wrong, shown, restored, again)] == [1, 1, 0, 0, 1]
    assert '[modem]\napn = "vpn.example"\n' in shown[1]
    assert load_config(new_box).config.modem.apn == "vpn.example"
    assert "exists and is left as it is" in again[2]


@pytest.mark.parametrize("typed", ["short", "password1234"], ids=["short", "V6.2.4 common"])
async def test_a_weak_phrase_is_refused(old_box: Path, tmp_path: Path, typed: str) -> None:
    async with open_terminal(
        TOOL, "make", str(tmp_path / "settings"), "--configuration", str(old_box)
    ) as terminal:
        await terminal.answer("Passphrase for the backup", typed)
        assert await terminal.wait_end() == 1

    assert not (tmp_path / "settings").exists()


async def test_a_wrong_key_is_refused(old_box: Path, tmp_path: Path) -> None:
    code, _, err = await run_tool(
        TOOL, "make", str(tmp_path / "settings"), "--configuration", str(old_box), "--to", "12"
    )

    assert (code, "  to: " in err) == (1, True)
    assert not (tmp_path / "settings").exists()
