"""An image's card in a machine that QEMU emulates (arm64, no KVM): first start, restarts, and the other slot.

The firmware of a Raspberry Pi cannot run here. What it does before Linux is done in its place: kernel, initrd and command line
are taken out of the slot's boot partition as they are, only the console is another.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.vm.guest import Done, Guest, Image
from vbtools.image.layout import MIB, Sizes, Slot, partitions, starts_mib

GROWN_BY = "1G"
START_S = 1200.0
"""Some three minutes until commands can be run and seven until the gateway serves, on a busy host with two processors."""

_PATIENCE = """\
mkdir -p /run/systemd/system/visitbridge.service.d
printf '[Service]\\nTimeoutStartSec=1h\\nWatchdogSec=30min\\n' >/run/systemd/system/visitbridge.service.d/emulated.conf
systemctl daemon-reload
systemctl --no-block restart visitbridge.service
"""
"""The emulated processor is some fifty times slower than a board's, and shared: limits that are a board's would only measure that."""

_CONSOLE = "ttyAMA0"
_COMMAND_S = 300.0


class Box(Guest):
    """``folder``: short, for sockets lie in it. Its card is the image's copy, on which the first boot finds ``card_files``."""

    def __init__(self, image: Path, folder: Path, card_files: Path) -> None:
        self._card = folder / "card.img"
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", str(image), str(self._card)], check=True)
        self._copy_in(card_files)
        self._slot: Slot = "a"
        for slot in ("a", "b"):
            for name in ("vmlinuz", "initrd.gz", "cmdline.txt"):
                self._copy_out(f"boot-{slot}", name, folder / f"{name}-{slot}")
        disk = Image(kernel=folder / "vmlinuz-a", initrd=folder / "initrd.gz-a", disk=self._card)
        super().__init__(disk, folder)
        # A card is larger than its image.
        subprocess.run(["qemu-img", "resize", "-q", str(folder / "disk.qcow2"), f"+{GROWN_BY}"], check=True)

    def start(self, slot: Slot) -> None:
        """Switch on, as the firmware would with this slot's boot partition."""
        self._slot = slot
        self.boot(within_s=START_S)
        self.run("sh", "-c", _PATIENCE, within_s=START_S)

    def run(self, *command: str, within_s: float = _COMMAND_S, given: bytes = b"") -> str:
        return super().run(*command, within_s=within_s, given=given)

    def attempt(self, *command: str, within_s: float = _COMMAND_S, given: bytes = b"") -> Done:
        return super().attempt(*command, within_s=within_s, given=given)

    def wait_serving(self) -> None:
        """Until systemd has started all that a box is."""
        self.until("systemctl", "is-active", "visitbridge.target", "visitbridge.service", within_s=START_S)

    def _command(self, log: Path) -> list[str]:
        line = (self._folder / f"cmdline.txt-{self._slot}").read_text("ascii").strip()
        disk = f"file={self._folder / 'disk.qcow2'},if=virtio,format=qcow2,cache=writeback"
        return [
            *("qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-accel", "tcg,thread=multi"),
            *("-smp", "2", "-m", "1536", "-display", "none", "-nodefaults", "-no-reboot", "-nic", "none"),
            *("-kernel", str(self._folder / f"vmlinuz-{self._slot}")),
            *("-initrd", str(self._folder / f"initrd.gz-{self._slot}")),
            *("-append", line.replace("console=tty1", f"console={_CONSOLE}")),
            *("-drive", disk, "-serial", f"file:{log}"),
            *("-qmp", f"unix:{self._folder / 'qmp'},server=on,wait=off"),
            *("-device", "virtio-serial-pci", "-device", "virtio-rng-pci"),
            *("-chardev", f"socket,id=agent,path={self._folder / 'agent'},server=on,wait=off"),
            *("-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"),
        ]

    def _copy_in(self, folder: Path) -> None:
        entries = sorted(str(entry) for entry in folder.iterdir())
        _mtools("mcopy", "-s", "-m", "-Q", "-i", self._part("card"), *entries, "::")

    def _copy_out(self, part: str, name: str, target: Path) -> None:
        _mtools("mcopy", "-n", "-i", self._part(part), f"::{name}", str(target))

    def _part(self, name: str) -> str:
        return f"{self._card}@@{offset_of(name)}"


def offset_of(name: str) -> int:
    """Bytes from the image's beginning to the partition's."""
    return next(start for each, start in starts_mib(partitions(Sizes())) if each.name == name) * MIB


def _mtools(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
