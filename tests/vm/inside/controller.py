"""Lends the guest's kernel a Bluetooth controller that lives at the other end of a TCP connection, as long as that lasts.

Usage: controller.py ADDRESS PORT    (serves one connection after the other)

The connection carries HCI packets in UART form (Core 5.3 vol. 4 part A §2), of which hci_vhci takes one per write.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys

DEVICE = "/dev/vhci"
# The first packet to the device asks for a BR/EDR and LE controller; it answers with as much and its index.
_CREATE, _CREATED_LENGTH = b"\xff\x00", 4
_MOST = 65536
# Indicator → where the length of what follows the header is, and how long that is.
_LENGTHS = {0x01: (3, 1), 0x02: (3, 2), 0x03: (3, 1), 0x04: (2, 1), 0x05: (3, 2)}


def first_packet(received: bytes) -> bytes:
    """The packet that begins what was received, or nothing as long as it is not whole."""
    if not received:
        return b""
    at, size = _LENGTHS[received[0]]
    length = at + size + int.from_bytes(received[at : at + size], "little")
    return received[:length] if at + size <= len(received) and length <= len(received) else b""


def serve(connection: socket.socket) -> None:
    """Pass packets until the far end hangs up."""
    device = os.open(DEVICE, os.O_RDWR)
    received = b""
    try:
        os.write(device, _CREATE)
        assert len(os.read(device, _MOST)) == _CREATED_LENGTH
        while True:
            ready, _, _ = select.select([device, connection.fileno()], [], [])
            if device in ready:
                connection.sendall(os.read(device, _MOST))
            if connection.fileno() in ready:
                piece = connection.recv(_MOST)
                if not piece:
                    return
                received += piece
            while packet := first_packet(received):
                os.write(device, packet)
                received = received[len(packet) :]
    finally:
        os.close(device)


def main(address: str, port: int) -> None:
    with socket.create_server((address, port)) as server:
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection, contextlib.suppress(ConnectionError):
                serve(connection)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
