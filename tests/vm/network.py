"""Two networks of the guest's, neither of which leads out of this machine: where phones are, and where the VPN is.

QEMU's user network carries both. What the guest sends ends at the ports named here.
"""

from __future__ import annotations

import msgspec

PHONES, UPLINK = "phones0", "uplink0"
"""Interfaces in the guest, named by inside/box/*.link."""

BOX = "10.42.0.1"
DATA_CENTRE = "10.0.2.100:8443"
UP = (
    ("ip", "address", "replace", f"{BOX}/24", "dev", PHONES),
    ("ip", "link", "set", PHONES, "up"),
    ("ip", "address", "replace", "10.0.2.15/24", "dev", UPLINK),
    ("ip", "link", "set", UPLINK, "up"),
)
"""Commands for the guest."""


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Of this machine's loopback: ``https`` and ``http`` lead to the box, ``datacentre`` is where the box gets to."""

    https: int
    http: int
    datacentre: int


def network_devices(ports: Ports) -> tuple[str, ...]:
    """Arguments of QEMU's."""
    forwards = "".join(
        f",hostfwd=tcp:127.0.0.1:{here}-{BOX}:{there}"
        for here, there in ((ports.https, 443), (ports.http, 80))
    )
    # One process for each connection; QEMU's own form of it takes a single one in all.
    to_data_centre = f",guestfwd=tcp:{DATA_CENTRE}-cmd:/bin/busybox nc 127.0.0.1 {ports.datacentre}"
    return (
        "-netdev",
        f"user,id=phones,restrict=on,net=10.42.0.0/24,host=10.42.0.2,dhcpstart=10.42.0.100{forwards}",
        *("-device", "virtio-net-pci,netdev=phones,mac=52:54:00:10:42:01"),
        *("-netdev", f"user,id=uplink,restrict=on,net=10.0.2.0/24{to_data_centre}"),
        *("-device", "virtio-net-pci,netdev=uplink,mac=52:54:00:10:00:02"),
    )
