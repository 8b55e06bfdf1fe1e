"""A line between the box and its carrier that delays and loses packets: by the kernel's netem, and by a program."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator

import msgspec

from tests.network.ends import End, open_end
from tests.network.wires import BOX_IN_VPN, VPN_IP, run

NEAR, FAR = "usb0", "vpn0"


def _has_netem() -> bool:
    """Ask the kernel, in a namespace of our own."""
    name = f"vb{os.getpid()}-netem"
    tried = ["sh", "-c", f"ip netns add {name} && tc -netns {name} qdisc add dev lo root netem delay 1ms"]
    try:
        return subprocess.run(tried, check=False, capture_output=True).returncode == 0
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


HOW = ("a program between two interfaces", "netem") if _has_netem() else ("a program between two interfaces",)


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """``loss``: share of packets, each way. ``delay_ms``: one way, give or take ``jitter_ms``."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0


class RoughLine:
    """``box`` and ``carrier`` are names of namespaces, joined by one wire."""

    def __init__(self, how: str) -> None:
        self.box, self.carrier = (f"vb{os.getpid()}-{side}" for side in ("rough", "carrier"))
        self._how = how
        self._program: End | None = None

    @contextlib.contextmanager
    def laid(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for name in (self.box, self.carrier):
                run("ip", "netns", "add", name)
                stack.callback(run, "ip", "netns", "delete", name)
                run("ip", "-netns", name, "link", "set", "lo", "up")
            if self._how == "netem":
                wire = ("link", "add", NEAR, "type", "veth", "peer", "name", FAR, "netns", self.carrier)
                run("ip", "-netns", self.box, *wire)
            else:
                self._program = stack.enter_context(open_end(self.carrier, "carrier.py", "wire", NEAR, FAR))
                assert self._program.hear() == "ready"
                run("ip", "-netns", self.carrier, "link", "set", NEAR, "netns", self.box)
            for name, interface, address in ((self.box, NEAR, BOX_IN_VPN), (self.carrier, FAR, VPN_IP)):
                run("ip", "-netns", name, "address", "add", f"{address}/24", "dev", interface)
                run("ip", "-netns", name, "link", "set", interface, "up")
            yield

    def become(self, quality: Quality) -> None:
        if self._program is not None:
            assert self._program.ask(msgspec.to_builtins(quality)) == "ok"
            return
        spoil = f"delay {quality.delay_ms}ms {quality.jitter_ms}ms loss {quality.loss * 100}%".split()
        for name, interface in ((self.box, NEAR), (self.carrier, FAR)):
            run("tc", "-netns", name, "qdisc", "replace", "dev", interface, "root", "netem", *spoil)
