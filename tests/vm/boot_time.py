"""From power-on to a gateway that serves, without any network: how long it takes on the emulated machine, and what takes it.

It is the second start that is looked at, of a box that was shut down.

Usage: python -m tests.vm.boot_time    (as root; on a machine that does nothing else)

All times are the guest's own, since its kernel began.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.vm.box import START_S, UNIT
from tests.vm.guest import Guest, open_guest
from tests.vm.package import build_package, install

_STEPS = {
    "the kernel handed over to systemd": ("", "UserspaceTimestampMonotonic"),
    "the basic system was there": ("basic.target", "ActiveEnterTimestampMonotonic"),
    "the gateway was started": (UNIT, "ExecMainStartTimestampMonotonic"),
    "the gateway was ready": (UNIT, "ActiveEnterTimestampMonotonic"),
}


def measure(guest: Guest) -> str:
    """A page of text."""
    guest.run("systemctl", "start", UNIT, within_s=START_S)
    lines = [f"{_reached(guest, *where):8.2f} s  {what}" for what, where in _STEPS.items()]
    used_ns = int(_property(guest, UNIT, "CPUUsageNSec"))
    lines.append(f"{used_ns / 1e9:8.2f} s  of a processor used by the gateway until then")
    longest = guest.run("systemd-analyze", "blame", "--no-pager").splitlines()[:12]
    return "\n".join(
        [*lines, "", *longest, "", guest.run("systemd-analyze", "critical-chain", "--no-pager", UNIT)]
    )


def _reached(guest: Guest, unit: str, name: str) -> float:
    """Seconds."""
    return int(_property(guest, unit, name)) / 1e6


def _property(guest: Guest, unit: str, name: str) -> str:
    """Of systemd itself where no unit is named."""
    return guest.run("systemctl", "show", *filter(None, [unit]), f"--property={name}", "--value").strip()


def main() -> None:
    image = install(build_package())
    with tempfile.TemporaryDirectory(prefix="vb-boot-") as folder, open_guest(image, Path(folder)) as guest:
        # The first start makes keys, certificates and the store.
        guest.run("systemctl", "start", UNIT, within_s=START_S)
        guest.shut_down(within_s=240)
        guest.boot()
        sys.stdout.write(measure(guest))


if __name__ == "__main__":
    main()
