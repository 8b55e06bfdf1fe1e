"""The tree of the root partitions: Debian for arm64 by mmdebstrap, from this machine's own apt sources, and our package."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from visitbridge.errors import FieldInvalid

RELEASES: Final = ("bookworm", "trixie")

PACKAGES: Final = (
    *("systemd", "systemd-sysv", "udev", "dbus", "kmod", "procps", "iproute2", "ca-certificates", "tzdata"),
    *("polkitd", "libpam-systemd", "sudo", "openssh-server", "less", "adduser"),
    *("e2fsprogs", "dosfstools", "fdisk", "busybox-static"),
    *("network-manager", "dnsmasq-base", "wpasupplicant", "iw", "rfkill", "wireless-regdb"),
    *("bluez", "pcscd", "libccid", "nftables", "fonts-arphic-uming"),
    *("python3", "python3-dbus", "python3-gi", "python3-pyscard", "python3-systemd"),
)
"""What a box has of Debian besides what our package asks for."""

_TOOLS: Final = ("mmdebstrap", "arch-test", "depmod")
_HOOK: Final = Path(__file__).parent / "system/root.sh"
_ORIGINS: Final = "$(ORIGIN)|deb $(REPO_URI) $(RELEASE) $(COMPONENT)"


def make_root(package: Path, folder: Path, release: str, more: Sequence[str]) -> None:
    """Make ``folder``, which must not exist. ``more``: further packages of Debian's.

    Raises FieldInvalid: ``package``, ``folder``, ``user`` unless root, ``program`` for a tool that is missing, ``sources``.
    """
    if os.geteuid():
        raise FieldInvalid("files of a root partition belong to root: run this as root", field="user")
    if not package.is_file():
        raise FieldInvalid(f"{package} is not there", field="package")
    if folder.exists():
        raise FieldInvalid(f"{folder} exists and is left as it is", field="folder")
    for tool in _TOOLS:
        if shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
            raise FieldInvalid(f"{tool} is not installed", field="program")
    command = (
        *(
            "mmdebstrap",
            "--arch=arm64",
            "--variant=minbase",
            "--mode=root",
            f"--include={' '.join((*PACKAGES, *more))}",
        ),
        f"--customize-hook='{_HOOK}' \"$1\"",
        *(release, str(folder), "-"),
    )
    done = subprocess.run(
        command,
        input=own_sources(release),
        text=True,
        env=os.environ | {"PACKAGE": str(package.resolve())},
        check=False,
    )
    if done.returncode:
        raise FieldInvalid("mmdebstrap did not succeed; its own words stand above", field="program")
    name_version(folder, dt.datetime.now(dt.UTC))


def name_version(root: Path, made_at: dt.datetime) -> None:
    """Say in os-release(5) which image this is; the gateway tells it with its own version (S03)."""
    with (root / "usr/lib/os-release").open("a", encoding="utf-8") as file:
        file.write(f"IMAGE_ID=visitbridge\nIMAGE_VERSION={made_at:%Y%m%d.%H%M}\n")


def own_sources(release: str) -> str:
    """One-line entries of Debian's main for ``release``, with the servers that this machine uses. Raises FieldInvalid (``sources``)."""
    listed = subprocess.run(
        ("apt-get", "indextargets", "--format", _ORIGINS, "Identifier: Packages"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    own = {line.partition("|")[2] for line in listed if line.startswith("Debian|") and line.endswith(" main")}
    fitting = sorted(line for line in own if line.split()[2].partition("-")[0] == release)
    if not fitting:
        raise FieldInvalid(f"apt on this machine knows no source of {release}", field="sources")
    return "\n".join(fitting) + "\n"
