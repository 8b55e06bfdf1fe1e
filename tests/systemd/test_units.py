"""The units as systemd itself judges them, without a running systemd."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from visitbridge.adapters.modem.profiles import PROFILES, ModemProfile
from visitbridge.app import STOP_BUDGET_S
from visitbridge.runtime.wiping import WIPING_ENVIRONMENT

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNITS = sorted((SYSTEMD / "system").iterdir())
SERVICE = SYSTEMD / "system/visitbridge.service"
HARDENING = tomllib.loads((SYSTEMD / "hardening.toml").read_text("utf-8"))


def settings(unit: Path) -> dict[str, list[str]]:
    """Every value of every key, in the order of the file; an empty value forgets those before it."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text("utf-8").splitlines():
        key, equals, value = line.partition("=")
        found[key] = [*found.get(key, ()), value] if equals and value else []
    return found


def analyse(*arguments: str, units: Path = SYSTEMD / "system") -> subprocess.CompletedProcess[str]:
    environment = {"SYSTEMD_UNIT_PATH": f"{units}:", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        ["systemd-analyze", *arguments], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_to_say_about_a_unit(unit: Path, tmp_path: Path) -> None:
    """Words are looked for as well as the exit code: an unknown key is only a remark to systemd."""
    for each in UNITS:
        here = re.sub(
            r"^(Exec\w+=)/usr/(?:bin/visitbridge|sbin/nft|lib/visitbridge/set-clock)",
            r"\1/bin/true",
            each.read_text("utf-8"),
            flags=re.M,
        )
        (tmp_path / each.name).write_text(here, "utf-8")

    judged = analyse("verify", "--man=no", "--recursive-errors=no", str(tmp_path / unit.name), units=tmp_path)

    assert (judged.stdout, judged.stderr, judged.returncode) == ("", "", 0)


def test_a_mistake_in_a_unit_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "wrong.service").write_text("[Service]\nExecStart=/bin/true\nWatchdogSecs=30\n", "utf-8")

    judged = analyse("verify", "--man=no", str(tmp_path / "wrong.service"), units=tmp_path)

    assert "WatchdogSecs" in judged.stderr


@pytest.mark.parametrize("name", sorted(HARDENING))
def test_what_a_service_may_still_do_is_little_and_explained(name: str, tmp_path: Path) -> None:
    target = tmp_path / f"{name}.service"
    shutil.copy(SYSTEMD / "system" / target.name, target)
    limit = HARDENING[name]["limit"]

    judged = analyse(
        "security", "--offline=true", f"--threshold={int(limit * 10)}", "--json=short", str(target)
    )

    exposed = {
        row["name"].rstrip("=") or row["json_field"]
        for row in json.loads(judged.stdout)
        if not row["set"] and row["exposure"] is not None and float(row["exposure"]) > 0
    }
    assert judged.returncode == 0, judged.stdout
    assert exposed <= set(HARDENING[name]["exceptions"])
    assert all(len(reason) > 20 for reason in HARDENING[name]["exceptions"].values())


def test_the_gateway_has_more_time_to_stop_than_it_takes() -> None:
    (limit,) = settings(SERVICE)["TimeoutStopSec"]

    assert int(limit) > STOP_BUDGET_S


def test_the_unit_asks_for_freed_memory_to_be_wiped() -> None:
    given = dict(pair.split("=", 1) for line in settings(SERVICE)["Environment"] for pair in line.split())

    assert WIPING_ENVIRONMENT.items() <= given.items()


def test_simulated_devices_are_never_allowed_by_a_unit() -> None:
    assert not [unit.name for unit in UNITS if "--allow-virtual" in unit.read_text("utf-8")]


@pytest.mark.parametrize("vendor", ["1e0e", "2c7c"])
def test_udev_knows_the_modems_that_the_daemon_knows(vendor: str) -> None:
    rules = (SYSTEMD / "udev/70-visitbridge.rules").read_text("utf-8")
    known = {
        usb.split(":")[1] for profile in PROFILES.values() for usb in profile.usb if usb.startswith(vendor)
    }
    named = re.findall(rf'idVendor}}=="{vendor}", ATTRS?{{idProduct}}=="([^"]+)"', rules)

    assert [set(each.split("|")) for each in named] == [known, known]


@pytest.mark.parametrize(
    ("profile", "identity"), [(profile, usb) for profile in PROFILES.values() for usb in profile.usb]
)
def test_udev_links_the_ports_that_the_daemon_would_take(profile: ModemProfile, identity: str) -> None:
    rules = (SYSTEMD / "udev/70-visitbridge.rules").read_text("utf-8")
    vendor, product = identity.split(":")
    linked = re.findall(
        rf'ID_VENDOR_ID}}=="{vendor}", (?:ENV{{ID_MODEL_ID}}=="([^"]+)", )?'
        r'ENV{ID_USB_INTERFACE_NUM}=="(\d+)", SYMLINK\+="visitbridge/modem-(\w+)"',
        rules,
    )

    assert {
        kind: profile.place_of(identity, int(interface, 16))
        for products, interface, kind in linked
        if product in (products or product).split("|")
    } == {"at": profile.at_interfaces[0], "nmea": 1}
    assert sum(product in (products or product).split("|") for products, _, _ in linked) == 2


def test_the_user_is_made_as_the_unit_wants_it(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}", str(SYSTEMD / "sysusers.d/visitbridge.conf")], check=True
    )

    users = (tmp_path / "etc/passwd").read_text("utf-8")
    groups = (tmp_path / "etc/group").read_text("utf-8")
    assert re.search(r"^visitbridge:x:\d+:\d+:[^:]*:/var/lib/visitbridge:/usr/sbin/nologin$", users, re.M)
    assert re.search(r"^dialout:x:\d+:visitbridge$", groups, re.M)
    assert settings(SERVICE)["User"] == ["visitbridge"]


def test_folders_for_secrets_are_closed(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for name, line in {"passwd": "root:x:0:0::/root:/bin/sh", "group": "root:x:0:"}.items():
        other = "visitbridge:x:990:990::/:/bin/sh" if name == "passwd" else "visitbridge:x:990:"
        (tmp_path / "etc" / name).write_text(f"{line}\n{other}\n", "utf-8")
    subprocess.run(
        ["systemd-tmpfiles", "--create", f"--root={tmp_path}", str(SYSTEMD / "tmpfiles.d/visitbridge.conf")],
        check=True,
    )

    found = {
        name: ((tmp_path / name).stat().st_mode & 0o777, (tmp_path / name).stat().st_gid)
        for name in ("etc/visitbridge", "etc/visitbridge/conf.d", "etc/credstore.encrypted")
    }
    assert found == {
        "etc/visitbridge": (0o750, 990),
        "etc/visitbridge/conf.d": (0o750, 990),
        "etc/credstore.encrypted": (0o700, 0),
    }


@pytest.mark.parametrize("name", ["journald.conf.d", "system.conf.d", "pcscd.socket.d"])
def test_drop_ins_hold_one_section_of_known_form(name: str) -> None:
    (file,) = (SYSTEMD / name).iterdir()
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(file, "utf-8")

    sections = {"journald.conf.d": "Journal", "system.conf.d": "Manager", "pcscd.socket.d": "Socket"}
    assert parser.sections() == [sections[name]]
