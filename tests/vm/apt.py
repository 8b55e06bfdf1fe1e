"""`apt` in a guest, which has the package under test, the release after it, and no network to get anything else from."""

from __future__ import annotations

from tests.vm.guest import Guest
from tests.vm.package import PACKAGES

STATE = "/var/lib/visitbridge"
KEY = "/etc/credstore.encrypted/store.key"

APT = (
    *("env", "DEBIAN_FRONTEND=noninteractive"),
    *("apt-get", "--yes", "--no-install-recommends", "--allow-downgrades", "-o", "Dpkg::Use-Pty=0"),
)
APT_S = 1500.0
"""The package has 1,900 files compiled, on a processor that is some fifty times slower than a real one."""

FOLDER = "/mnt"
MOUNT = ("mount", "-o", "ro", f"LABEL={PACKAGES}", FOLDER)


def exists(guest: Guest, path: str) -> bool:
    return guest.attempt("test", "-e", path).code == 0
