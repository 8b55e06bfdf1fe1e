"""Ports are found by what they are on USB; ttyUSB numbers change with every restart of the modem."""

from __future__ import annotations

from pathlib import Path

import pytest

from visitbridge.adapters.modem.places import LinkedPort, UsbPorts
from visitbridge.adapters.modem.profiles import EC25, SIM7600


def plug(sysfs: Path, tty: str, *, usb: str, interface: int, serial: str = "", acm: bool = False) -> None:
    """Lay out sysfs as the kernel does for a usb-serial port, or for an ACM one."""
    vendor, product = usb.split(":")
    device = sysfs / f"devices/usb1/1-{usb[:1]}{serial}"
    port = device / f"1-1:1.{interface}"
    port.mkdir(parents=True, exist_ok=True)
    (device / "idVendor").write_text(vendor + "\n")
    (device / "idProduct").write_text(product + "\n")
    (device / "serial").write_text(serial + "\n")
    (port / "bInterfaceNumber").write_text(f"{interface:02x}\n")
    target = port if acm else port / tty
    target.mkdir(exist_ok=True)
    entry = sysfs / "class/tty" / tty
    entry.mkdir(parents=True)
    (entry / "device").symlink_to(target)


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    (tmp_path / "class/tty/tty0").mkdir(parents=True)
    for number, interface in ((3, 0), (4, 1), (5, 2), (6, 3)):
        plug(tmp_path, f"ttyUSB{number}", usb="1e0e:9001", interface=interface, serial="A1")
    for number, interface in ((0, 0), (1, 1), (2, 3)):
        plug(tmp_path, f"ttyUSB{number}", usb="2c7c:0125", interface=interface)
    plug(tmp_path, "ttyACM0", usb="072f:b000", interface=0, acm=True)
    return tmp_path


def test_a_port_is_known_by_vendor_product_and_interface(sysfs: Path) -> None:
    ports = UsbPorts(SIM7600, sysfs=sysfs)

    assert ports.at_port() == Path("/dev/ttyUSB5")


def test_a_network_card_stands_before_the_ports_of_a_simcom_in_rndis(tmp_path: Path) -> None:
    """1e0e:9011 as ``lsusb -t`` shows it: 0 and 1 are the card's, 2 to 6 diagnostics, NMEA, AT, modem, audio."""
    for number, interface in enumerate(range(2, 7)):
        plug(tmp_path, f"ttyUSB{number}", usb="1e0e:9011", interface=interface)

    assert UsbPorts(SIM7600, sysfs=tmp_path).at_port() == Path("/dev/ttyUSB2")


def test_the_second_best_at_port_is_taken_when_the_first_is_not_there(sysfs: Path) -> None:
    assert UsbPorts(EC25, sysfs=sysfs).at_port() == Path("/dev/ttyUSB2")


@pytest.mark.parametrize(("serial", "found"), [("A1", Path("/dev/ttyUSB5")), ("B2", None)])
def test_one_of_several_alike_is_picked_by_its_serial_number(
    sysfs: Path, serial: str, found: Path | None
) -> None:
    assert UsbPorts(SIM7600, serial=serial, sysfs=sysfs).at_port() == found


def test_nothing_is_found_on_an_empty_bus(tmp_path: Path) -> None:
    assert UsbPorts(SIM7600, sysfs=tmp_path).at_port() is None


def test_a_link_is_followed_while_it_points_at_something(tmp_path: Path) -> None:
    link = tmp_path / "modem-at"
    link.symlink_to(tmp_path / "tty")
    ports = LinkedPort(link)
    assert ports.at_port() is None

    (tmp_path / "tty").touch()

    assert ports.at_port() == link
