"""From power-on to a gateway that serves, without any network: how long it takes on the emulated machine, and what takes it.

It is the second start that is looked at, of a box that was shut down. All times are the guest's own, since its kernel began, and
the guest counts instructions instead of looking at a clock: 1 ns each, on one processor for everything. So another program that
has this machine at work does not change them, but for what the guest waited for its disk.

Usage: python -m tests.vm.boot_time    (as root)
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.vm.box import UNIT
from tests.vm.guest import COUNTED, Guest, open_guest
from tests.vm.package import build_package, install

# As on a box; the other tests have no use for it (build-image).
_NETWORK = ("NetworkManager.service", "wpa_supplicant.service")
_PATIENCE_S = 1500.0
_STEPS = {
    "the kernel handed over to systemd": ("", "UserspaceTimestampMonotonic"),
    "the basic system was there": ("basic.target", "ActiveEnterTimestampMonotonic"),
    "the gateway was started": (UNIT, "ExecMainStartTimestampMonotonic"),
    "the gateway was ready": (UNIT, "ActiveEnterTimestampMonotonic"),
}


def measure(guest: Guest) -> str:
    """A page of text."""
    guest.run("systemctl", "start", UNIT, within_s=_PATIENCE_S)
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
    with (
        tempfile.TemporaryDirectory(prefix="vb-boot-") as folder,
        open_guest(image, Path(folder), processors=COUNTED) as guest,
    ):
        guest.run("systemctl", "--quiet", "unmask", *_NETWORK)
        guest.run("systemctl", "--quiet", "enable", *_NETWORK, within_s=_PATIENCE_S)
        # The first start makes keys, certificates and the store.
        guest.run("systemctl", "start", UNIT, within_s=_PATIENCE_S)
        guest.shut_down(within_s=_PATIENCE_S)
        guest.boot(within_s=_PATIENCE_S)
        sys.stdout.write(measure(guest))


if __name__ == "__main__":
    main()
