"""The ways in which an image takes over files at its first boot (hardware.md §5).

``cloudinit-rpi``: images of Raspberry Pi OS on Debian 13 read cloud-init's files from the boot partition. ``firstrun``: those on
Debian 12 run one script, named on the kernel's command line. ``image``: our own (vb-image) looks by itself on its first partition.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from vbtools.provision.card import FOLDER
from vbtools.provision.profile import Box, Profile

FORMS: Final = ("cloudinit-rpi", "firstrun", "image")

BOOT: Final = "/boot/firmware"
"""Where Debian 12 and 13 mount the boot partition of a Raspberry Pi."""

FIRSTRUN_ARGUMENTS: Final = f"systemd.run={BOOT}/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target"
"""What ``cmdline.txt`` needs at its end, once; firstrun.sh takes it out again."""

_UNIT: Final = "visitbridge-first-boot.service"
"""Goes on until the box is provisioned, across failures and restarts, which neither cloud-init nor firstrun.sh does."""

_TAKE_UNIT: Final = ("install", "-m", "0644", f"{BOOT}/{FOLDER}/{_UNIT}", f"/etc/systemd/system/{_UNIT}")


def image_files(form: str, profile: Profile, box: Box) -> Mapping[str, bytes]:
    """Path on the boot partition → content, for one of ``FORMS``."""
    return {"cloudinit-rpi": _cloud_init, "firstrun": _firstrun, "image": _own_image}[form](profile, box)


def host_name(box: Box) -> str:
    return f"visitbridge-{box.serial.lower()}"


def _cloud_init(profile: Profile, box: Box) -> dict[str, bytes]:
    """JSON is YAML, and leaves nothing to quoting."""
    technician = profile.technician
    user = {
        "name": technician.user,
        "groups": "sudo",
        "shell": "/bin/bash",
        "lock_passwd": True,
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "ssh_authorized_keys": list(technician.ssh_keys),
    }
    user_data = {
        "hostname": host_name(box),
        "manage_etc_hosts": True,
        "ssh_pwauth": False,
        "disable_root": True,
        "users": [user] if technician.ssh_keys else [],
        "runcmd": [_TAKE_UNIT, ("systemctl", "enable", "--now", "--no-block", _UNIT)],
    }
    meta_data = {"instance-id": f"visitbridge-{box.serial.lower()}", "local-hostname": host_name(box)}
    return {
        "user-data": b"#cloud-config\n" + _json(user_data),
        "meta-data": _json(meta_data),
        # The box's own profiles come with first-boot.sh.
        "network-config": _json({"network": {"config": "disabled"}}),
        **_unit(),
    }


def _firstrun(profile: Profile, box: Box) -> dict[str, bytes]:
    technician = profile.technician
    lines = [
        "#!/bin/bash",
        "# Run once by systemd, before anything else of the system; restarts the machine when it is done.",
        "set -eu",
        f"hostnamectl set-hostname {host_name(box)} || echo {host_name(box)} >/etc/hostname",
        f"sed -i 's/127.0.1.1.*/127.0.1.1\\t{host_name(box)}/' /etc/hosts",
    ]
    if technician.ssh_keys:
        home = f"/home/{technician.user}"
        keys = shlex.quote("\n".join(technician.ssh_keys))
        lines += [
            f"id {technician.user} >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --groups sudo {technician.user}",
            f"passwd --lock {technician.user}",
            f"install -d -m 0700 -o {technician.user} -g {technician.user} {home}/.ssh",
            f"printf '%s\\n' {keys} >{home}/.ssh/authorized_keys",
            f"chown {technician.user}: {home}/.ssh/authorized_keys && chmod 0600 {home}/.ssh/authorized_keys",
            f"echo '{technician.user} ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/010-{technician.user}",
            "mkdir -p /etc/ssh/sshd_config.d && echo 'PasswordAuthentication no' >/etc/ssh/sshd_config.d/visitbridge.conf",
            "systemctl enable ssh",
        ]
    lines += [
        "# Nothing but the base system runs now; the rest waits for the services it needs.",
        " ".join(_TAKE_UNIT),
        f"systemctl enable {_UNIT}",
        f"rm -f {BOOT}/firstrun.sh",
        f"sed -i 's| systemd.run.*||' {BOOT}/cmdline.txt",
    ]
    return {"firstrun.sh": ("\n".join(lines) + "\n").encode(), **_unit()}


def _unit() -> dict[str, bytes]:
    return {f"{FOLDER}/{_UNIT}": Path(__file__).with_name(_UNIT).read_bytes()}


def _own_image(profile: Profile, box: Box) -> dict[str, bytes]:
    technician = profile.technician
    files = {"hostname": host_name(box)}
    if technician.ssh_keys:
        files |= {"technician": technician.user, "authorized_keys": "\n".join(technician.ssh_keys)}
    return {f"{FOLDER}/{name}": f"{text}\n".encode() for name, text in files.items()}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"
