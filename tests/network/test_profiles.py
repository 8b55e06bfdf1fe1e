"""NetworkManager's profiles and the firewall agree on which interface is which."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
PROFILES = sorted((SYSTEMD / "NetworkManager").glob("*.nmconnection"))
INTERFACES = (SYSTEMD / "nftables/visitbridge-interfaces.nft").read_text("utf-8")


def profile(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(path, "utf-8")
    return parser


def defined(name: str) -> set[str]:
    """Interfaces of one ``define`` of the firewall."""
    match = re.search(rf"define {name} = {{([^}}]*)}}", INTERFACES)
    assert match is not None
    return set(re.findall(r'"([^"]+)"', match.group(1)))


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_every_profiles_interface_is_on_its_side_of_the_firewall(path: Path) -> None:
    found = profile(path)
    side = "phones" if found.get("ipv4", "method") == "shared" else "uplinks"

    assert found.get("connection", "interface-name") in defined(side)
    assert found.get("ipv6", "method") == "disabled"


def test_no_interface_is_on_both_sides() -> None:
    assert not defined("phones") & defined("uplinks")


def test_phones_are_kept_apart_and_named_no_router() -> None:
    phones = profile(SYSTEMD / "NetworkManager/visitbridge-phones.nmconnection")
    dns = (SYSTEMD / "NetworkManager/dnsmasq-shared.d/visitbridge.conf").read_text("utf-8").splitlines()

    assert phones.getboolean("ipv4", "never-default")
    assert phones.get("wifi", "ap-isolation") == "1"
    assert {"no-resolv", "dhcp-option=option:router"} <= set(dns)
    assert not [line for line in dns if line.startswith("server=")]
