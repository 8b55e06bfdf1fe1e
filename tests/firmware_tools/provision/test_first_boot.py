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
PROGRAMS = ("systemctl", "systemd-tmpfiles", "rfkill", "nmcli")
ENCRYPT = '#!/bin/sh\n[ "$1 $2" = "encrypt --name=${4##*/}" ] && tr a-z0-9 n-za-m5-90-4 <"$3" >"$4"\n'
"""In the place of systemd-creds: what it wrote is not what it read."""
APT = '#!/bin/sh\n[ "$DEBIAN_FRONTEND" = noninteractive ] && echo "$@" >>{ordered}\n'
TIMEDATECTL = '#!/bin/sh\necho "$@" >>{ordered}\n'
TOUCH = '#!/bin/sh\n[ {fails} = touch ] || {{ echo touch >>{noted} && exec /usr/bin/touch "$@"; }}\nexit 1\n'
SYNC = "#!/bin/sh\necho sync >>{noted}\n"
SHRED = '#!/bin/sh\nat=${{2%/private*/*}}\necho "shred ${{at##*/}}" >>{noted}\nexec /usr/bin/shred "$@"\n'
HALF_SHRED = r"""#!/bin/sh
case "$2" in */{place}/*) ;; *) exec /usr/bin/shred "$@" ;; esac
shift
for file; do echo overwritten >"$file"; done
exit 1
"""
"""The power goes when everything in one place is overwritten, and nothing is gone yet."""

SEALED = {"modem.password": b"pbeerpg ubefr", "modem.sim_pin": b"9266"}


class Machine:
    """``fail``: the name of a program that does not succeed, or the place where the power goes while secrets are overwritten."""

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
        for name, text in (
            ("sync", SYNC),
            ("shred", HALF_SHRED if "/" in fail else SHRED),
            ("apt-get", APT),
            ("dpkg", APT),
            ("timedatectl", TIMEDATECTL),
            ("touch", TOUCH),
        ):
            self._program(
                name,
                text.format(
                    noted=self.folder / "noted",
                    ordered=self.folder / "ordered",
                    place=fail,
                    fails=fail or "none",
                ),
            )
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

    def sealed(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.etc / "credstore.encrypted").iterdir()}

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
    assert machine.sealed() == SEALED
    assert (machine.etc / "localtime").readlink() == Path("/usr/share/zoneinfo/Asia/Taipei")
    assert (machine.lib / "visitbridge-provisioned").exists()


def test_the_boards_watchdog_is_switched_on_once(machine: Machine) -> None:
    """Of any board, whatever part of the firmware's settings the file ends with."""
    before = "dtparam=audio=on\n[cm4]\notg_mode=1"
    (machine.card / "config.txt").write_text(before)

    assert machine.start(fail="nmcli") != 0
    assert machine.start() == 0

    assert (machine.card / "config.txt").read_text() == f"{before}\n[all]\ndtparam=watchdog=on\n"
    assert sorted(path.name for path in machine.card.iterdir()) == ["config.txt", "visitbridge"]


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
    assert noted == [
        *("sync", "sync", "shred visitbridge"),
        *("sync", "sync", "shred visitbridge-machine"),
        *("touch", "sync"),
    ]


@pytest.mark.parametrize("place", ["card/visitbridge", "lib/visitbridge-machine"])
def test_secrets_outlive_a_power_cut_while_they_are_overwritten(machine: Machine, place: str) -> None:
    assert machine.start(fail=place) != 0

    assert machine.start() == 0

    profile = machine.etc / "NetworkManager/system-connections/visitbridge-phones.nmconnection"
    assert machine.sealed() == SEALED
    assert "overwritten" not in profile.read_text("utf-8")
    assert (machine.lib / "visitbridge-provisioned").exists()
    assert not (machine.card / "visitbridge/private").exists()
    assert not list((machine.lib / "visitbridge-machine").iterdir())


def test_a_box_that_was_cut_off_before_its_firewall_stood_raises_no_wifi(machine: Machine) -> None:
    """NetworkManager takes what lies there at the next start, long before the first boot goes on."""
    machine.start(fail="systemctl")

    assert list((machine.etc / "NetworkManager").rglob("*.nmconnection")) == []


def test_the_package_comes_with_what_it_recommends_from_lists_of_today(machine: Machine) -> None:
    """A box uses the recommended packages; an image's lists of packages are as old as the image, and a board without a clock needs
    the time before apt believes the lists of today.
    """
    (machine.card / "visitbridge/visitbridge_0.1.0_arm64.deb").write_bytes(b"a package")
    control = (ROOT / "debian/control").read_text("utf-8").partition("\nRecommends:\n")[2]
    recommended = control.partition("\nSuggests:")[0].replace(",", "").split()

    assert machine.start() == 0

    orders = [
        [word for word in line.split() if "=" not in word]
        for line in (machine.folder / "ordered").read_text().splitlines()
    ]
    assert orders == [
        ["--configure", "-a"],
        ["-q", "-o", "-o", "update"],
        [
            *("-q", "-o", "-o", "install", "--yes", "--no-install-recommends"),
            str(machine.card / "visitbridge/visitbridge_0.1.0_arm64.deb"),
            *recommended,
        ],
        ["set-ntp", "false"],
    ]


def test_a_first_boot_whose_very_end_was_lost_does_not_begin_again(machine: Machine) -> None:
    assert machine.start(fail="touch") != 0

    assert machine.start() == 0

    assert machine.sealed() == SEALED
    assert (machine.lib / "visitbridge-provisioned").exists()
    assert not list((machine.lib / "visitbridge-machine").iterdir())


def test_a_box_is_provisioned_once(machine: Machine) -> None:
    machine.start()
    (machine.etc / "visitbridge/conf.d/50-box.toml").write_text("changed")

    assert machine.start() == 0
    assert (machine.etc / "visitbridge/conf.d/50-box.toml").read_text() == "changed"
