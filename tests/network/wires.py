"""Three network namespaces joined by wires: a phone, the box, and the VPN. Nothing of the host is touched."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.patience import PATIENCE_S

PROBER = Path(__file__).with_name("prober.py")
RULES = Path(__file__).parents[2] / "systemd/nftables"

PHONE_IP, BOX_FOR_PHONES, BOX_IN_VPN, VPN_IP = "10.42.0.77", "10.42.0.1", "10.64.0.7", "10.64.0.1"
BOX_PORTS = (22, 53, 80, 123, 443, 631, 1883, 5353, 8080, 8423, 8443, 35963)

TRIED = ",".join(["1-1024", *(str(port) for port in BOX_PORTS if port > 1024)])


class Wires:
    """``phone``, ``box`` and ``vpn`` are names of namespaces."""

    def __init__(self) -> None:
        self.phone, self.box, self.vpn = (f"vb{os.getpid()}-{side}" for side in ("phone", "box", "vpn"))

    def lay(self) -> None:
        for name in (self.phone, self.box, self.vpn):
            run("ip", "netns", "add", name)
            self.ip(name, "link", "set", "lo", "up")
        self._wire(self.box, "wlan0", BOX_FOR_PHONES, self.phone, "phone0", PHONE_IP)
        self._wire(self.box, "usb0", BOX_IN_VPN, self.vpn, "vpn0", VPN_IP)
        self.ip(self.phone, "route", "add", "default", "via", BOX_FOR_PHONES)
        self.ip(self.vpn, "route", "add", "default", "via", BOX_IN_VPN)
        # As NetworkManager's "shared" does: without the rules, the box is a router.
        self.inside(self.box, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        # Every port of the VPN answers, so that anything that gets through shows.
        redirect = (
            "table ip every { chain c { type nat hook prerouting priority dstnat;"
            " tcp dport 1-65535 redirect to :9; udp dport 1-65535 redirect to :9; }; }"
        )
        self.inside(self.vpn, "nft", redirect)

    def remove(self) -> None:
        for name in (self.phone, self.box, self.vpn):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)

    def load_rules(self) -> None:
        self.inside(self.box, "nft", "-I", str(RULES), "-f", str(RULES / "visitbridge.nft"))

    def ip(self, name: str, *arguments: str) -> None:
        run("ip", "-netns", name, *arguments)

    def inside(self, name: str, *command: str) -> str:
        return run("ip", "netns", "exec", name, *command)

    def probe(self, name: str, *arguments: str) -> object:
        return json.loads(self.inside(name, sys.executable, str(PROBER), *arguments))

    def ports(self, name: str, host: str, kind: str, ranges: str = TRIED) -> list[int]:
        """Ports of ``host`` that answer somebody in ``name`` soon: a search among many that should not."""
        answer = self.probe(name, "reach", host, kind, ranges)
        assert isinstance(answer, list)
        return answer

    def opens(self, name: str, host: str, kind: str, *ports: int) -> bool:
        """Whether each of the ``ports`` answers somebody in ``name``, however long it takes here."""
        asked = ",".join(map(str, ports))
        return self.probe(name, "reach", host, kind, asked, str(PATIENCE_S)) == list(ports)

    def echoes(self, name: str, host: str) -> bool:
        """Whether ``host`` answers a ping of somebody in ``name``, however long it takes here."""
        return self.probe(name, "ping", host, str(PATIENCE_S)) is True

    @contextlib.contextmanager
    def answering(self, name: str, kind: str, *ports: int) -> Iterator[None]:
        with self._prober(name, "answer", kind, *map(str, ports)):
            yield

    @contextlib.contextmanager
    def listening(self, name: str, interface: str) -> Iterator[list[int]]:
        """Count the packets that arrive during the block; the list holds the count afterwards."""
        seen: list[int] = []
        with self._prober(name, "listen", interface) as prober:
            yield seen
            out, _ = prober.communicate("enough\n", timeout=PATIENCE_S)
            seen.append(int(json.loads(out)))

    @contextlib.contextmanager
    def _prober(self, name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        command = ["ip", "netns", "exec", name, sys.executable, str(PROBER), *arguments]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as prober:
            try:
                assert prober.stdout is not None
                assert json.loads(prober.stdout.readline()) == "ready"
                yield prober
            finally:
                prober.kill()

    def _wire(self, left: str, left_if: str, left_ip: str, right: str, right_if: str, right_ip: str) -> None:
        run(
            "ip",
            "-netns",
            left,
            "link",
            "add",
            left_if,
            "type",
            "veth",
            "peer",
            "name",
            right_if,
            "netns",
            right,
        )
        for name, interface, address in ((left, left_if, left_ip), (right, right_if, right_ip)):
            self.ip(name, "address", "add", f"{address}/24", "dev", interface)
            self.ip(name, "link", "set", interface, "up")


def run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
