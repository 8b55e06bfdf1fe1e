"""Plugs USB devices that live at the other end of TCP connections into the guest's kernel, each as long as its connection lasts.

Usage: usb_port.py ADDRESS PORT

The connection carries USB/IP's transfers; from the moment of plugging on it belongs to the kernel (vhci_hcd).
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

CONTROLLER = Path("/sys/devices/platform/vhci_hcd.0")
# Columns of `status`: hub, port, state, and more (drivers/usb/usbip/vhci_sysfs.c).
_HIGH_SPEED_HUB, _FREE = "hs", "004"
_FULL_SPEED = 2


def free_ports() -> list[int]:
    """Ports of the hub that takes devices of full speed."""
    lines = (line.split() for line in (CONTROLLER / "status").read_text().splitlines())
    return [int(port) for hub, port, state, *_ in lines if (hub, state) == (_HIGH_SPEED_HUB, _FREE)]


def next_port(before: int) -> int:
    """The free port after this one, in turn.

    A port is called free as soon as its device is gone, some milliseconds before the hub has noticed; a device that is
    plugged in there meanwhile is never found.
    """
    free = free_ports()
    return min((port for port in free if port > before), default=free[0])


def plug_in(connection: socket.socket, port: int) -> None:
    """Give the connection to the kernel."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    (CONTROLLER / "attach").write_text(f"{port} {connection.fileno()} {port + 1} {_FULL_SPEED}")


def main(address: str, port: int) -> None:
    hub_port = -1
    with socket.create_server((address, port)) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                hub_port = next_port(hub_port)
                plug_in(connection, hub_port)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
