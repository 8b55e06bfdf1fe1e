"""Port 80 on a box: who opens it, and which foreign names lead to it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from visitbridge.api.probes import PROBE_HOSTS

ROOT = Path(__file__).parents[2]
DNS = ROOT / "systemd/NetworkManager/dnsmasq-shared.d"
RECORD = re.compile(r"^host-record=([^,]+),(.+)$", re.MULTILINE)


def test_exactly_the_probed_names_lead_to_the_box() -> None:
    records = dict(RECORD.findall((DNS / "visitbridge-probes.conf").read_text("utf-8")))
    own = re.search(
        r"^host-record=visitbridge\.home\.arpa,(.+)$", (DNS / "visitbridge.conf").read_text(), re.M
    )

    assert own is not None
    windows = records.pop("dns.msftncsi.com")
    assert windows == "131.107.255.255"
    assert records == dict.fromkeys(PROBE_HOSTS, own.group(1))


def test_the_port_comes_from_a_socket_of_its_own() -> None:
    unit = (ROOT / "systemd/system/visitbridge-http.socket").read_text("utf-8")
    shipped = tomllib.loads((ROOT / "debian/visitbridge.toml").read_text("utf-8"))["http"]

    assert {"FileDescriptorName=http", "ListenStream=80", "Service=visitbridge.service"} <= set(
        unit.splitlines()
    )
    assert shipped["plain_port"] == 80
