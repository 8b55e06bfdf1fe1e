"""The guest's view of this checkout: where it is mounted, and its Python with the locked packages."""

from __future__ import annotations

from tests.vm.guest import Guest

SITE, CHECKOUT = "/vb/site", "/vb/checkout"
_PATHS = ":".join((SITE, CHECKOUT, f"{CHECKOUT}/daemon", f"{CHECKOUT}/firmware_tools"))


def prepare(guest: Guest) -> None:
    """Mount the disks that come with every boot."""
    for label, place in (("vb-site", SITE), ("vb-checkout", CHECKOUT)):
        guest.run("mkdir", "-p", place)
        guest.run("mount", "-o", "ro", f"LABEL={label}", place)


def in_checkout(*arguments: str) -> tuple[str, ...]:
    """The guest's Python in the checkout, as a command."""
    environment = (f"PYTHONPATH={_PATHS}", "PYTHONDONTWRITEBYTECODE=1", "LC_ALL=C.UTF-8")
    return ("/usr/bin/env", "-C", CHECKOUT, *environment, "/usr/bin/python3", *arguments)


def python(guest: Guest, *arguments: str, within_s: float) -> str:
    """Its output."""
    return guest.run("timeout", str(within_s), *in_checkout(*arguments), within_s=within_s + 10)
