"""Which interfaces are there, whether they have an address, and how much went through them.

Everything comes from the kernel: sysfs, one ioctl, and rtnetlink's notices as a bell.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import socket
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from visitbridge.ports.uplink import Traffic

log = logging.getLogger(__name__)

_SYSFS = Path("/sys/class/net")
_SIOCGIFADDR = 0x8915
_RTMGRP_LINK = 0x1
_RTMGRP_IPV4_IFADDR = 0x10
_RTMGRP_IPV4_ROUTE = 0x40
_IFREQ = struct.Struct("16s24x")


class Interfaces:
    """Implements ``ports.uplink.Interfaces``. ``sysfs`` is replaced by tests."""

    def __init__(self, sysfs: Path = _SYSFS) -> None:
        self._sysfs = sysfs

    def has_address(self, name: str) -> bool:
        """Whether ``name`` exists, is up and has an IPv4 address."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, _IFREQ.pack(name.encode()))
            except OSError:
                return False
        return self._read(name, "operstate") in ("up", "unknown")

    def traffic(self, name: str) -> Traffic | None:
        """Bytes since the interface appeared; None while it is not there."""
        received = self._read(name, "statistics/rx_bytes")
        sent = self._read(name, "statistics/tx_bytes")
        if not (received.isdigit() and sent.isdigit()):
            return None
        return Traffic(received_bytes=int(received), sent_bytes=int(sent))

    def _read(self, name: str, file: str) -> str:
        try:
            return (self._sysfs / name / file).read_text("ascii").strip()
        except OSError:
            return ""


@contextlib.asynccontextmanager
async def open_bell(ring: Callable[[], None]) -> AsyncIterator[None]:
    """Call ``ring`` whenever a link, an IPv4 address or a route changes, for the length of the block."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0) as notices:
        notices.bind((0, _RTMGRP_LINK | _RTMGRP_IPV4_IFADDR | _RTMGRP_IPV4_ROUTE))
        loop = asyncio.get_running_loop()
        loop.add_reader(notices.fileno(), _drain, notices, ring)
        try:
            yield
        finally:
            loop.remove_reader(notices.fileno())


def _drain(notices: socket.socket, ring: Callable[[], None]) -> None:
    """Read what there is; its content does not matter, and an overrun (ENOBUFS) says the same."""
    with contextlib.suppress(BlockingIOError):
        try:
            while notices.recv(65536):
                pass
        except BlockingIOError:
            pass
        except OSError as exc:
            log.debug("rtnetlink: %s", exc.strerror)
    ring()
