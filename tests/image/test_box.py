"""A box from a blank card: it starts, is provisioned, forgets what it should and keeps what it must (beyond #12).

In the order in which they stand, on one machine, which is started three times.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.image.box import START_S, Box, offset_of
from vbtools.image.layout import MIB, Sizes

pytestmark = pytest.mark.timeout(5 * START_S)

OWN = "/var/lib/visitbridge-machine"
STORE_KEY = "/etc/credstore.encrypted/store.key"
IDENTITY = ("/etc/machine-id", f"{OWN}/ssh_host_ed25519_key.pub", "/etc/hostname", STORE_KEY)

_STATUS_OF_THE_PAGE = """\
import http.client, ssl
open_line = http.client.HTTPSConnection("127.0.0.1", context=ssl._create_unverified_context(), timeout=60)
open_line.request("GET", "/", headers={"Host": "10.42.0.1"})
print(open_line.getresponse().status)
"""


@pytest.fixture(scope="module")
def before_the_cut(box: Box) -> str:
    """What the box was when its power was cut, in the middle of changes; it runs again."""
    identity = box.run("cat", *IDENTITY)
    box.run("sh", "-c", "echo x >/etc/forgotten; echo x >/opt/forgotten; rm /usr/bin/less")
    box.run("sh", "-c", "echo x >/var/lib/visitbridge/kept; echo x >/etc/visitbridge/kept; sync")
    box.cut_power()
    box.start("a")
    box.wait_serving()
    return identity


@pytest.fixture(scope="module")
def before_the_change(box: Box) -> str:
    """What the box was in slot a; it runs in slot b now."""
    identity = box.run("cat", *IDENTITY)
    box.run("sh", "-c", "echo y >/var/lib/visitbridge/from-a; sync")
    box.shut_down(within_s=START_S)
    box.start("b")
    box.wait_serving()
    return identity


def test_the_image_holds_nothing_that_would_make_all_boxes_one(image: Path) -> None:
    part = f"{image}?offset={offset_of('root-a')}"
    asked = (
        "ls -p /etc/credstore.encrypted",
        "stat /var/lib/systemd/credential.secret",
        "ls -p /etc/ssh",
        "cat /etc/machine-id",
    )
    keys, secret, ssh, machine_id = (
        subprocess.run(["/sbin/debugfs", "-R", ask, part], check=True, capture_output=True, text=True)
        for ask in asked
    )

    assert "store.key" not in keys.stdout
    assert "File not found" in secret.stderr
    assert "sshd_config" in ssh.stdout
    assert "ssh_host_" not in ssh.stdout
    assert (machine_id.stdout, machine_id.stderr.count("not found")) == ("", 0)


def test_the_image_names_its_version(image: Path) -> None:
    asked = ["/sbin/debugfs", "-R", "cat /usr/lib/os-release", f"{image}?offset={offset_of('root-b')}"]
    told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout

    assert re.search(r"^IMAGE_ID=visitbridge\nIMAGE_VERSION=\d{8}\.\d{4}$", told, re.M)


def test_a_blank_card_becomes_a_box_that_serves(box: Box) -> None:
    box.wait_serving()
    box.until("test", "-e", f"{OWN}/provisioned", within_s=START_S)

    assert box.run("uname", "--machine") == "aarch64\n"
    assert box.run("hostname") == "visitbridge-vb-001\n"
    assert box.run("systemctl", "--failed", "--no-legend") == ""
    assert box.run("nft", "list", "table", "inet", "visitbridge").count("policy drop") == 2
    assert box.run("/usr/bin/python3", "-c", _STATUS_OF_THE_PAGE) == "200\n"


def test_provisioning_left_no_secret_on_the_card(box: Box) -> None:
    profile = "/etc/NetworkManager/system-connections/visitbridge-phones.nmconnection"

    assert box.run("ls", "/boot/card/visitbridge").split() != []
    assert box.attempt("test", "-e", "/boot/card/visitbridge/private").code == 1
    assert box.run("stat", "--format=%a %U", profile) == "600 root\n"


def test_the_machine_made_itself_a_key_for_its_store(box: Box) -> None:
    opened = box.run("sh", "-c", f"systemd-creds decrypt --name=store.key {STORE_KEY} - | wc --bytes")

    assert opened == "32\n"
    assert box.run("ls", "-A", "/etc/credstore.encrypted") == "store.key\n"
    assert box.run("stat", "--format=%a %U", STORE_KEY) == "600 root\n"


def test_nobody_logs_in_with_a_password_and_the_technician_with_a_key(box: Box) -> None:
    shadow = [line.split(":")[1] for line in box.run("cat", "/etc/shadow").splitlines()]
    keys = box.run("cat", "/home/technician/.ssh/authorized_keys")

    assert all(field.startswith(("!", "*")) for field in shadow)
    assert keys.startswith("ssh-ed25519 ")
    assert box.run("sshd", "-T").count("passwordauthentication no") == 1


def test_the_root_is_memory_over_a_card_that_is_only_read(box: Box) -> None:
    listed = json.loads(box.run("findmnt", "--json", "--list", "--output", "TARGET,FSTYPE"))
    kinds = {each["target"]: each["fstype"] for each in listed["filesystems"]}

    assert kinds["/"] == "overlay"
    assert kinds["/var/lib/visitbridge"] == "ext4"
    assert kinds["/etc/visitbridge"] == "ext4"


def test_the_data_partition_grew_to_the_cards_end(box: Box) -> None:
    size = ("lsblk", "--bytes", "--noheadings", "--output", "SIZE", "/dev/disk/by-partlabel/data")
    held = ("findmnt", "--bytes", "--noheadings", "--output", "SIZE", "/var/lib/visitbridge")

    assert int(box.run(*size)) > (Sizes().data + 900) * MIB
    assert int(box.run(*held)) > (Sizes().data + 700) * MIB


def test_a_power_cut_forgets_the_root_and_keeps_the_data(box: Box, before_the_cut: str) -> None:
    assert box.run("cat", *IDENTITY) == before_the_cut
    assert box.run("cat", "/var/lib/visitbridge/kept", "/etc/visitbridge/kept") == "x\nx\n"
    assert [box.attempt("test", "-e", path).code for path in ("/etc/forgotten", "/opt/forgotten")] == [1, 1]
    assert box.attempt("test", "-e", "/usr/bin/less").code == 0
    assert box.run("systemctl", "--failed", "--no-legend") == ""


def test_the_other_slot_runs_on_the_same_data_and_can_be_kept(box: Box, before_the_change: str) -> None:
    assert box.run("cat", *IDENTITY, "/var/lib/visitbridge/from-a") == f"{before_the_change}y\n"
    assert box.run("visitbridge-slot", "show") == "running: b\nstarts by itself: a\n"
    assert box.run("visitbridge-slot", "keep") == "kept: b\n"
    assert box.run("visitbridge-slot", "show") == "running: b\nstarts by itself: b\n"
