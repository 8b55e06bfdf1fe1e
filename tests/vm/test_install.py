"""`apt` on a plain Debian that runs: the package makes it a box, and taken away it leaves what was stored."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.vm.apt import APT, APT_S, FOLDER, KEY, MOUNT, STATE, exists
from tests.vm.box import START_S, UNIT
from tests.vm.guest import Guest, open_guest
from tests.vm.package import THIS, bare_image

pytestmark = pytest.mark.timeout(3600)

_SLOW_START = Path(__file__).with_name("inside") / "box/slow-start.conf"
_DROP_IN = "/etc/systemd/system/visitbridge.service.d"


@pytest.fixture(scope="module")
def debian(packages: Path) -> Iterator[Guest]:
    """With the packages at hand."""
    image = msgspec.structs.replace(bare_image(), extra=(packages,))
    with tempfile.TemporaryDirectory(prefix="vb-vm-") as folder, open_guest(image, Path(folder)) as booted:
        booted.run(*MOUNT)
        booted.run("mkdir", _DROP_IN)
        booted.put(f"{_DROP_IN}/slow-start.conf", _SLOW_START.read_bytes())
        yield booted


def test_apt_installs_a_running_service(debian: Guest) -> None:
    debian.run(*APT, "install", f"{FOLDER}/{THIS}", within_s=APT_S)
    debian.run("systemctl", "start", UNIT, within_s=START_S)

    assert debian.run("systemctl", "is-enabled", "visitbridge.target", UNIT) == "enabled\nenabled\n"
    assert debian.run("systemctl", "list-units", "--failed", "--no-legend", "--plain") == ""
    assert debian.run("dpkg", "--verify", "visitbridge") == ""
    assert debian.run("stat", "--format=%U %a", STATE, KEY) == "visitbridge 700\nroot 600\n"


def test_a_purge_that_nobody_answered_leaves_what_was_stored(debian: Guest) -> None:
    debian.run(*APT, "purge", "visitbridge", within_s=APT_S)

    assert exists(debian, f"{STATE}/store.db")
    assert exists(debian, KEY)
    assert not exists(debian, "/usr/lib/visitbridge")
