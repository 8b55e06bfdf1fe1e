"""The first boot's script on folders that stand in for /etc and /var/lib, its programs of the system replaced (B01)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.firmware_tools.provision.test_provision import PROFILE, fixed_secrets, network_profiles
from vbtools.provision.card import card_files
from vbtools.provision.profile import Box, read_profile

ROOT = Path(__file__).parents[3]
PROGRAMS = ("systemctl", "systemd-tmpfiles", "timedatectl", "rfkill", "nmcli")
ENCRYPT = '#!/bin/sh\n[ "$1 $2" = "encrypt --name=${4##*/}" ] && tr a-z0-9 n-za-m5-90-4 <"$3" >"$4"\n'
"""In the place of systemd-creds: what it wrote is not what it read."""
APT = '#!/bin/sh\n[ "$DEBIAN_FRONTEND" = noninteractive ] && echo "$@" >>{noted}\n'
SYNC = "#!/bin/sh\necho sync >>{noted}\n"
SHRED = '#!/bin/sh\nat=${{2%/private/*}}\necho "shred ${{at##*/}}" >>{noted}\nexec /usr/bin/shred "$@"\n'


class Machine:
    """``fail``: names of programs that do not succeed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card, self.etc, self.lib = folder / "card", folder / "etc", folder / "lib"
        for place in (self.card, self.etc, self.lib, folder / "bin"):
            place.mkdir()
        box = Box(serial="VB-001", apn_password="correct horse", sim_pin="4711")
        files = card_files(
            read_profile(PROFILE.format(extra="")),
            box,
            fixed_secrets(),
            leaf=b"",
            profiles=network_profiles(),
        )
        for name, content in files.items():
            (self.card / name).parent.mkdir(parents=True, exist_ok=True)
            (self.card / name).write_bytes(content)

    def start(self, *, fail: str = "") -> int:
        for name in PROGRAMS:
            self._program(name, f"#!/bin/sh\nexit {int(name == fail)}\n")
        self._program("systemd-creds", ENCRYPT)
        for name, text in (("sync", SYNC), ("shred", SHRED), ("apt-get", APT)):
            self._program(name, text.format(noted=self.folder / "noted"))
        script = (
            f"mount --bind {self.etc} /etc && mount --bind {self.lib} /var/lib && "
            f"PATH={self.folder}/bin:$PATH exec sh {self.card}/visitbridge/first-boot.sh"
        )
        command = ("unshare", "--map-root-user", "--mount", "sh", "-c", script)
        path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
        return subprocess.run(
            command, check=False, capture_output=True, env=os.environ | {"PATH": path}
        ).returncode

    def secrets(self) -> set[str]:
        """Files anywhere that hold the PIN or the password as they are, by the folder they lie in."""
        files = [
            path for root in (self.card, self.etc, self.lib) for path in root.rglob("*") if path.is_file()
        ]
        plain = [path for path in files if {b"4711", b"correct horse"} & {path.read_bytes()}]
        return {str(path.parent.relative_to(self.folder)) for path in plain}

    def _program(self, name: str, text: str) -> None:
        (self.folder / "bin" / name).write_text(text)
        (self.folder / "bin" / name).chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_secrets_end_sealed_and_nowhere_else(machine: Machine) -> None:
    assert machine.secrets() == {"card/visitbridge/private"}

    assert machine.start() == 0

    assert machine.secrets() == set()
    assert {path.name for path in (machine.etc / "credstore.encrypted").iterdir()} == {
        "modem.password",
        "modem.sim_pin",
    }
    assert (machine.etc / "localtime").readlink() == Path("/usr/share/zoneinfo/Asia/Taipei")
    assert (machine.lib / "visitbridge-provisioned").exists()


@pytest.mark.parametrize("program", ["nmcli", "systemctl", "systemd-tmpfiles"])
def test_a_first_boot_that_fails_goes_on_the_next_time(machine: Machine, program: str) -> None:
    assert machine.start(fail=program) != 0
    assert machine.secrets() == {"lib/visitbridge-machine/private"}
    assert (machine.lib / "visitbridge-machine/private").stat().st_mode & 0o077 == 0
    assert not (machine.lib / "visitbridge-provisioned").exists()

    assert machine.start() == 0

    assert machine.secrets() == set()
    phones = machine.etc / "NetworkManager/system-connections/visitbridge-phones.nmconnection"
    assert phones.stat().st_mode & 0o777 == 0o600
    assert not (machine.lib / "visitbridge-machine/private").exists()


def test_secrets_are_shredded_only_when_what_was_made_of_them_is_on_the_disk(machine: Machine) -> None:
    machine.start()

    noted = (machine.folder / "noted").read_text().splitlines()
    assert noted == ["sync", "shred visitbridge", "sync", "shred visitbridge-machine"]


def test_the_package_comes_with_what_it_recommends_from_lists_of_today(machine: Machine) -> None:
    """A box uses the recommended packages; an image's lists of packages are as old as the image."""
    (machine.card / "visitbridge/visitbridge_0.1.0_arm64.deb").write_bytes(b"a package")
    control = (ROOT / "debian/control").read_text("utf-8").partition("\nRecommends:\n")[2]
    recommended = control.partition("\nSuggests:")[0].replace(",", "").split()

    assert machine.start() == 0

    orders = [
        [word for word in line.split() if "=" not in word]
        for line in (machine.folder / "noted").read_text().splitlines()
        if "-o" in line.split()
    ]
    assert orders == [
        ["-q", "-o", "-o", "update"],
        [
            *("-q", "-o", "-o", "install", "--yes", "--no-install-recommends"),
            str(machine.card / "visitbridge/visitbridge_0.1.0_arm64.deb"),
            *recommended,
        ],
    ]


def test_a_box_is_provisioned_once(machine: Machine) -> None:
    machine.start()
    (machine.etc / "visitbridge/conf.d/50-box.toml").write_text("changed")

    assert machine.start() == 0
    assert (machine.etc / "visitbridge/conf.d/50-box.toml").read_text() == "changed"
