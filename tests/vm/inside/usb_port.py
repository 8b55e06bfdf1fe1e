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


def free_port() -> int:
    """A port of the hub that takes devices of full speed."""
    for line in (CONTROLLER / "status").read_text().splitlines():
        hub, port, state, *_ = line.split()
        if (hub, state) == (_HIGH_SPEED_HUB, _FREE):
            return int(port)
    raise OSError("all ports are taken")


def plug_in(connection: socket.socket) -> None:
    """Give the connection to the kernel."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = free_port()
    (CONTROLLER / "attach").write_text(f"{port} {connection.fileno()} {port + 1} {_FULL_SPEED}")


def main(address: str, port: int) -> None:
    with socket.create_server((address, port)) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                plug_in(connection)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
