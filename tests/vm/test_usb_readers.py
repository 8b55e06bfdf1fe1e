"""QEMU's USB readers with the real libccid and pcscd: the reader contract, and hands that plug and pull."""

from __future__ import annotations

import json

from tests.vm.guest import Guest
from tests.vm.inside_view import in_checkout, pytest_inside, python


def test_the_reader_contract_holds(guest: Guest) -> None:
    said = pytest_inside(guest, "-p", "tests.vm.inside.usb", "tests/contract/test_readers.py", within_s=240)

    assert " passed" in said


def test_a_reader_plugged_in_elsewhere_keeps_its_identity(guest: Guest) -> None:
    """Its PC/SC name changes with the USB path; the box knows it again."""
    log = "/root/plugging"
    guest.run(
        "systemd-run", "--quiet", "--unit=plugging", *in_checkout("-m", "tests.vm.inside.plugging", log)
    )
    guest.until("grep", "-q", "^2 readers", log)
    before = names(guest)
    guest.machine("device_del", id="reader2")
    guest.until("grep", "-q", "^1 readers", log)
    guest.machine("device_add", driver="usb-ccid", id="reader2", bus="xhci.0", port="3")
    guest.until("sh", "-c", f"tail -n 1 {log} | grep -q '^2 readers'")
    after = names(guest)
    guest.run("systemctl", "stop", "plugging.service")

    told = [json.loads(line.partition(" readers ")[2]) for line in guest.get(log).decode().splitlines()]
    assert len(before) == 2
    assert before != after
    assert told[0] == told[-1]


def names(guest: Guest) -> list[str]:
    """What pcscd calls the USB readers now."""
    script = "import smartcard.scard as s; print(*s.SCardListReaders(s.SCardEstablishContext(0)[1], [])[1], sep=chr(10))"
    found = python(guest, "-c", script, within_s=60).splitlines()
    return sorted(name for name in found if name.startswith("Gemalto"))
