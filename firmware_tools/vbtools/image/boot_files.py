"""What the firmware of a Raspberry Pi reads before Linux (its documentation: config.txt, autoboot.txt, tryboot)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vbtools.image.layout import Partition, Slot, number_of

KERNEL: Final = "vmlinuz"
INITRD: Final = "initrd.gz"

CONFIG: Final = f"""\
# Read by the Raspberry Pi's firmware. The other slot has a file of its own.
arm_64bit=1
kernel={KERNEL}
initramfs {INITRD} followkernel
dtparam=watchdog=on
disable_splash=1
boot_delay=0
"""


def command_line(slot: Slot) -> str:
    """``panic``: a kernel that cannot go on restarts, and the firmware then takes the slot that is known to be good."""
    return f"console=tty1 visitbridge.slot={slot} panic=10 quiet\n"


def autoboot(table: Sequence[Partition], good: Slot) -> str:
    """Which slot starts by itself, and which one at the one start that ``tryboot`` asks for."""
    other: Slot = "b" if good == "a" else "a"
    return (
        "[all]\n"
        "tryboot_a_b=1\n"
        f"boot_partition={number_of(table, f'boot-{good}')}\n"
        "[tryboot]\n"
        f"boot_partition={number_of(table, f'boot-{other}')}\n"
    )
