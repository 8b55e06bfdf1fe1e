"""What the .deb is made of, as far as it can be judged without building one."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from visitbridge import __version__
from visitbridge.config import load_config

ROOT = Path(__file__).parents[2]
DEBIAN = ROOT / "debian"
SCRIPTS = sorted(DEBIAN.glob("visitbridge.p*inst")) + sorted(DEBIAN.glob("visitbridge.p*rm"))
IMAGE = sorted((ROOT / "firmware_tools/vbtools/image/system").glob("*.sh"))
NOT_INSTALLED = {"hardening.toml"}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package's root, with what is installed outside the private folder of Python code."""
    subprocess.run(["sh", "debian/install-system-files", str(tmp_path)], cwd=ROOT, check=True)
    return tmp_path


def test_the_changelog_names_the_programs_version() -> None:
    first = (DEBIAN / "changelog").read_text("utf-8").partition("\n")[0]

    assert re.fullmatch(rf"visitbridge \({re.escape(__version__)}\) \w+; urgency=\w+", first)


def test_every_file_of_the_system_folder_reaches_the_package(package: Path) -> None:
    ours = {path.name for path in (ROOT / "systemd").rglob("*") if path.is_file()} - NOT_INSTALLED
    installed = {path.name for path in package.rglob("*") if path.is_file()}

    assert ours <= installed


def test_the_installed_configuration_is_valid(package: Path) -> None:
    config = load_config(package / "etc/visitbridge/visitbridge.toml").config

    assert config.http.port == 443
    assert config.box.state_dir == Path("/var/lib/visitbridge")


def test_one_script_of_the_package_makes_the_store_key_for_the_installed_box_and_for_the_image(
    package: Path,
) -> None:
    scripts = {path.name: path.read_text("utf-8") for path in (DEBIAN / "visitbridge.postinst", *IMAGE)}
    made = {name: re.findall(r"^ *(/.*make-store-key.*)$", text, re.M) for name, text in scripts.items()}
    (command,) = made["visitbridge.postinst"]

    assert {name: lines for name, lines in made.items() if lines} == {
        "visitbridge.postinst": [command],
        "machine.sh": [command],
    }
    assert (package / command.split()[0].lstrip("/")).stat().st_mode & 0o777 == 0o755
    assert [name for name, text in scripts.items() if "systemd-creds" in text] == []


def test_units_start_the_program_where_the_package_puts_it(package: Path) -> None:
    service = (package / "usr/lib/systemd/system/visitbridge.service").read_text("utf-8")
    command = re.search(r"^ExecStart=(\S+)", service, re.M)

    assert command is not None
    assert (package / command.group(1).lstrip("/")).stat().st_mode & 0o777 == 0o755


def test_units_start_only_programs_that_come_with_the_package(package: Path) -> None:
    """The smallest Debian has neither nft nor kill."""
    brought = {"/usr/sbin/nft": "nftables", "kill": "procps"}
    depends = re.findall(r"^ ([a-z0-9.+-]+)", _field("Depends"), re.M)
    units = (package / "usr/lib/systemd/system").glob("*.service")
    started = {
        program
        for unit in units
        for program in re.findall(r"^Exec\w+=[-+!@]*(\S+)", unit.read_text("utf-8"), re.M)
        if not (package / program.lstrip("/")).exists()
    }

    assert started == set(brought)
    assert set(brought.values()) <= set(depends)


def _field(name: str) -> str:
    control = (DEBIAN / "control").read_text("utf-8")
    return re.split(r"^\S", control.partition(f"\n{name}:\n")[2], maxsplit=1, flags=re.M)[0]


def test_every_command_of_the_project_is_installed(package: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    installed = {path.name: path.read_text("utf-8") for path in (package / "usr/bin").iterdir()}

    assert set(installed) == set(project["scripts"])
    for name, entry in project["scripts"].items():
        assert f"\nfrom {entry.partition(':')[0]} import main" in installed[name]


def test_the_programs_that_the_training_rooms_start_are_in_the_package() -> None:
    copied = re.findall(r"^\tcp -r daemon/(\w+) ", (DEBIAN / "rules").read_text("utf-8"), re.M)

    assert copied == ["visitbridge", "vpnportal"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_maintainer_scripts_stop_at_the_first_error(script: Path) -> None:
    assert script.read_text("utf-8").startswith("#!/bin/sh\nset -e\n")
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0


def test_the_question_is_translated() -> None:
    catalogue = (DEBIAN / "po/zh_TW.po").read_text("utf-8")
    template = (DEBIAN / "po/templates.pot").read_text("utf-8")
    asked = set(re.findall(r'^msgid "(.+)"$', template, re.M))

    assert asked
    assert asked <= set(re.findall(r'^msgid "(.+)"$', catalogue, re.M))
    assert not re.search(r'^msgstr ""\n\n', catalogue.partition("\n\n")[2], re.M)
