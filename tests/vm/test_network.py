"""A provisioned box on the air: a phone joins from its label and reaches the pages and nothing behind them.

The radio is the kernel's mac80211_hwsim, the rest is what a box has: NetworkManager with the shipped profiles, dnsmasq, the
firewall's unit, and the first boot's own script. The phone and the VPN are network namespaces of the guest.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image as Picture

from tests.vm.box import UNIT
from tests.vm.guest import Guest, Image, open_guest
from vbtools import ca
from vbtools.provision import command as provision

pytestmark = pytest.mark.timeout(1800)

SERIAL = "VM-0001"
BOX, VPN = "10.42.0.1", "10.9.0.2"
FIRST_BOOT = "visitbridge-first-boot.service"
PAGES = [53, 80, 443]
# 35963: the port of vpcd, which listens on every address of the guest.
_ASKED = "22,53,80,111,443,8443,35963"
_PROFILE = """
institution = "虛擬居家護理所"
authority = "clinic-ca"
uplinks = ["usb0"]
"""
_JOIN = """
network={{
  ssid="{ssid}"
  psk="{key}"
  key_mgmt=WPA-PSK
}}
"""
_LEASE = """#!/bin/sh
[ "$1" != bound ] || {
  ip address replace "$ip/$mask" dev "$interface"
  echo "ip=$ip router=$router dns=$dns" >/run/lease
}
"""
_PHONE = ("ip", "netns", "exec", "phone")
_ASK_FOR_NAME = """
import json, socket, struct, sys
name, server = sys.argv[1:]
labels = b"".join(bytes((len(label),)) + label.encode() for label in name.split(".")) + bytes(1)
told = []
for kind in (1, 28):
    question = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">2H", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(20)
        wire.sendto(question, (server, 53))
        answer = wire.recv(512)
    found = answer[len(question) + 12 :]
    told.append([answer[3] & 15, socket.inet_ntoa(found[:4]) if found else ""])
print(json.dumps(told))
"""
_FETCH = """
import http.client, json, sys, urllib.parse
told = []
for url in sys.argv[1:]:
    asked = urllib.parse.urlsplit(url)
    wire = http.client.HTTPConnection(asked.hostname, 80, timeout=60)
    wire.request("GET", asked.path)
    answer = wire.getresponse()
    told.append([answer.status, answer.getheader("Location", ""), answer.read().decode()])
print(json.dumps(told))
"""
# What the makers expect from the Internet, as their own programs have it; see api/probes.py.
_PROBES = {
    "http://captive.apple.com/hotspot-detect.html": [
        200,
        "",
        "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>",
    ],
    "http://connectivitycheck.gstatic.com/generate_204": [204, "", ""],
    "http://www.msftconnecttest.com/connecttest.txt": [200, "", "Microsoft Connect Test"],
}


class Label:
    """What is printed on the box, read off the paper. ``authority``: what the institution's phones trust."""

    def __init__(self, folder: Path) -> None:
        picture = folder / "label.png"
        subprocess.run(
            [
                "pdftoppm",
                "-png",
                "-r",
                "150",
                "-singlefile",
                str(folder / "out/labels.pdf"),
                str(picture.with_suffix("")),
            ],
            check=True,
        )
        said = {code.text for code in zxingcpp.read_barcodes(Picture.open(picture))}
        (wifi,) = (text for text in said if text.startswith("WIFI:"))
        self.ssid = _field("S", wifi)
        self.key = _field("P", wifi)
        self.authority = (folder / "clinic-ca/ca.pem").read_bytes()


def _field(name: str, code: str) -> str:
    found = re.search(rf"[:;]{name}:((?:[^\\;]|\\.)*);", code)
    assert found is not None
    return re.sub(r"\\(.)", r"\1", found.group(1))


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a technician makes for one box: its SD card's files and its label."""
    folder = tmp_path_factory.mktemp("clinic")
    (folder / "clinic.toml").write_text(_PROFILE, "utf-8")
    (folder / "boxes.csv").write_text(f"serial\n{SERIAL}\n", "utf-8")
    assert ca.main(["make", str(folder / "clinic-ca"), "--institution", "虛擬居家護理所"]) == 0
    assert provision.main([str(folder / name) for name in ("clinic.toml", "boxes.csv", "out")]) == 0
    return folder


@pytest.fixture(scope="module")
def label(card: Path) -> Label:
    return Label(card)


@pytest.fixture(scope="module")
def guest(installed: Image, card: Path) -> Iterator[Guest]:
    """The box after its first boot."""
    with (
        tempfile.TemporaryDirectory(prefix="vb-net-") as folder,
        open_guest(installed, Path(folder)) as booted,
    ):
        # The radio and the gateway's start would fight for the processor.
        booted.run("systemctl", "start", UNIT, within_s=600)
        _give_tools(booted)
        _make_radio_and_vpn(booted)
        _provision(booted, card)
        yield booted


def _give_tools(guest: Guest) -> None:
    """A phone's DHCP client, and a program that tries to reach what it should not."""
    guest.put("/usr/local/bin/busybox", Path("/bin/busybox").read_bytes())
    guest.put("/usr/local/bin/lease", _LEASE.encode())
    guest.run("chmod", "0755", "/usr/local/bin/busybox", "/usr/local/bin/lease")
    guest.put("/root/prober.py", (Path(__file__).parents[1] / "network/prober.py").read_bytes())


def _make_radio_and_vpn(guest: Guest) -> None:
    """wlan0 is the box's, wlan1 the phone's; usb0 leads to a machine in the VPN that serves a page."""
    guest.run("modprobe", "mac80211_hwsim", "radios=2", within_s=300)
    for name in ("phone", "vpn"):
        guest.run("ip", "netns", "add", name)
        guest.run("ip", "-n", name, "link", "set", "lo", "up")
    phy = guest.run("cat", "/sys/class/net/wlan1/phy80211/name").strip()
    guest.run("iw", "phy", phy, "set", "netns", "name", "phone")
    guest.run("ip", "link", "add", "usb0", "type", "veth", "peer", "name", "far", "netns", "vpn")
    guest.run("ip", "address", "add", "10.9.0.1/24", "dev", "usb0")
    guest.run("ip", "link", "set", "usb0", "up")
    guest.run("ip", "-n", "vpn", "address", "add", f"{VPN}/24", "dev", "far")
    guest.run("ip", "-n", "vpn", "link", "set", "far", "up")
    # The way back, so that only the firewall stands between.
    guest.run("ip", "-n", "vpn", "route", "add", "10.42.0.0/24", "via", "10.9.0.1")
    answer = ("ip", "netns", "exec", "vpn", "python3", "/root/prober.py", "answer", "tcp", "443", "8443")
    guest.run("systemd-run", "--quiet", "--unit=far-end", *answer)


def _provision(guest: Guest, card: Path) -> None:
    """As cloud-init does at the first boot, on a machine whose network is not there yet: what failed goes on when it is."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(card / "out" / SERIAL, arcname="firmware")
    guest.run("mkdir", "--parents", "/boot")
    guest.run("tar", "--extract", "--no-same-owner", "--directory=/boot", given=packed.getvalue())
    told = (card / "out" / SERIAL / "user-data").read_text("utf-8").partition("\n")[2]
    for command in json.loads(told)["runcmd"]:
        guest.run(*command, within_s=300)
    guest.until("sh", "-c", f"systemctl show --property=Result {FIRST_BOOT} | grep exit-code", within_s=900)
    guest.run("systemctl", "--quiet", "unmask", "NetworkManager.service", "wpa_supplicant.service")
    guest.run("systemctl", "start", "NetworkManager.service", within_s=300)
    guest.until("test", "-e", "/var/lib/visitbridge-provisioned", within_s=900)


@pytest.fixture(scope="module")
def phone(guest: Guest, label: Label) -> str:
    """A phone that has joined; what it was given."""
    guest.put("/root/phone.conf", _JOIN.format(ssid=label.ssid, key=label.key).encode())
    supplicant = ("wpa_supplicant", "-i", "wlan1", "-c", "/root/phone.conf", "-D", "nl80211")
    guest.run("systemd-run", "--quiet", "--unit=phone", *_PHONE, *supplicant)
    ask = (*_PHONE, "busybox", "udhcpc", "-i", "wlan1", "-s", "/usr/local/bin/lease", "-n", "-q", "-t", "5")
    guest.until(*ask, within_s=180)
    return guest.run("cat", "/run/lease")


def fetched(guest: Guest, *urls: str) -> list[list[object]]:
    """Status, where it leads and body of each, asked by a phone that takes the box's word for every name."""
    guest.run("mkdir", "--parents", "/etc/netns/phone")
    guest.put("/etc/netns/phone/resolv.conf", f"nameserver {BOX}\n".encode())
    told: list[list[object]] = json.loads(in_phone(guest, _FETCH, *urls))
    return told


def reached(guest: Guest, namespace: str, host: str) -> list[int]:
    """TCP ports that answer."""
    probe = ("ip", "netns", "exec", namespace, "python3", "/root/prober.py", "reach", host, "tcp", _ASKED)
    ports: list[int] = json.loads(guest.run(*probe))
    return ports


def in_phone(guest: Guest, program: str, *arguments: str) -> str:
    return guest.run(*_PHONE, "python3", "-c", program, *arguments, within_s=120)


def test_the_first_boot_leaves_no_secret_where_any_computer_reads_it(guest: Guest) -> None:
    assert guest.attempt("test", "-e", "/boot/firmware/visitbridge/private").code != 0
    assert (
        guest.run(
            "stat", "--format=%a", "/etc/NetworkManager/system-connections/visitbridge-phones.nmconnection"
        )
        == "600\n"
    )
    assert guest.run("systemctl", "is-active", UNIT, "visitbridge-firewall.service") == "active\nactive\n"


def test_a_phone_joins_from_the_label_and_is_given_no_way_out(guest: Guest, phone: str) -> None:
    """An address and a name server; no router, so that it keeps its own network for the rest of the world."""
    assert re.fullmatch(rf"ip=10\.42\.0\.\d+ router= dns={BOX}\n", phone)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("visitbridge.home.arpa", [[0, BOX], [0, ""]]),
        ("captive.apple.com", [[0, BOX], [0, ""]]),
        ("connectivitycheck.gstatic.com", [[0, BOX], [0, ""]]),
        ("nowhere.example", [[3, ""], [3, ""]]),
    ],
)
@pytest.mark.usefixtures("phone")
def test_the_box_answers_for_its_own_name_and_for_those_that_phones_probe(
    guest: Guest, name: str, told: list[list[object]]
) -> None:
    """Code of the answer and address, asked for IPv4 and for IPv6 (RFC 1035; 3 is NXDOMAIN)."""
    assert json.loads(in_phone(guest, _ASK_FOR_NAME, name, BOX)) == told


@pytest.mark.usefixtures("phone")
def test_a_phone_that_looks_for_the_internet_is_shown_how_to_go_on_and_then_left_in_peace(
    guest: Guest,
) -> None:
    """As in the window that it opens after joining: the page, its button, and the same questions again."""
    before = fetched(guest, *_PROBES)
    ((status, _, page),) = fetched(guest, f"http://{BOX}/joined")
    fetched(guest, f"http://{BOX}/stay")
    after = fetched(guest, *_PROBES)

    assert before == [[302, f"http://{BOX}/joined", ""]] * len(_PROBES)
    assert (status, f"https://{BOX}/" in str(page)) == (200, True)
    assert after == list(_PROBES.values())


@pytest.mark.usefixtures("phone")
def test_the_page_is_trusted_by_a_phone_that_trusts_the_institution(guest: Guest, label: Label) -> None:
    guest.put("/root/institution.pem", label.authority)
    script = (
        "import ssl, urllib.request as u; c = ssl.create_default_context(cafile='/root/institution.pem');"
        "print(u.urlopen('https://10.42.0.1/', context=c, timeout=60).status)"
    )

    assert in_phone(guest, script) == "200\n"


@pytest.mark.usefixtures("phone")
def test_a_phone_reaches_the_pages_and_nothing_else_of_the_box(guest: Guest) -> None:
    assert reached(guest, "phone", BOX) == PAGES


@pytest.mark.usefixtures("phone")
def test_a_phone_that_knows_the_way_does_not_get_into_the_vpn(guest: Guest) -> None:
    guest.run("ip", "-n", "phone", "route", "replace", "default", "via", BOX)

    assert reached(guest, "phone", VPN) == []
    assert reached(guest, "phone", "10.9.0.1") == []


@pytest.mark.usefixtures("phone")
def test_the_vpn_reaches_nothing_of_the_box_nor_of_its_phones(guest: Guest) -> None:
    assert reached(guest, "vpn", "10.9.0.1") == []
    assert reached(guest, "vpn", BOX) == []


@pytest.mark.usefixtures("phone")
def test_it_is_the_firewall_that_keeps_them_apart(guest: Guest) -> None:
    """Without it NetworkManager forwards from the Wi-Fi to wherever there is a route."""
    guest.run("ip", "-n", "phone", "route", "replace", "default", "via", BOX)
    guest.run("nft", "delete", "table", "inet", "visitbridge")
    without = reached(guest, "phone", VPN)
    guest.run("systemctl", "reload", "visitbridge-firewall.service")

    assert without == [443, 8443]
    assert reached(guest, "phone", VPN) == []
