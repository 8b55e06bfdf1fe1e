"""Two ways to the data centre, on a real kernel: the preferred one fails, the next one carries, and back."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.network.ends import open_end, until
from tests.network.wires import run

PORTAL_IP = "10.80.0.1"
FIRST, SECOND = "eth0", "eth1"
FAR = {FIRST: "far0", SECOND: "far1"}
NET = {FIRST: "10.71.0", SECOND: "10.72.0"}


class TwoWays:
    """A box with two cables into the namespace of the data centre."""

    def __init__(self) -> None:
        self.box, self.far = (f"vb{os.getpid()}-{side}" for side in ("twoways", "centre"))

    def lay(self) -> None:
        for name in (self.box, self.far):
            run("ip", "netns", "add", name)
            self.ip(name, "link", "set", "lo", "up")
        self.ip(self.far, "address", "add", f"{PORTAL_IP}/32", "dev", "lo")
        for metric, (near, far) in enumerate(FAR.items(), start=1):
            self.ip(self.box, *("link", "add", near, "type", "veth", "peer", "name", far, "netns", self.far))
            self.ip(self.box, "address", "add", f"{NET[near]}.7/24", "dev", near)
            self.ip(self.far, "address", "add", f"{NET[near]}.1/24", "dev", far)
            self.ip(self.box, "link", "set", near, "up")
            self.ip(self.far, "link", "set", far, "up")
            # As NetworkManager keeps them: a way out per interface, the preferred one first.
            route = ("route", "add", PORTAL_IP, "via", f"{NET[near]}.1", "dev", near, "metric", str(metric))
            self.ip(self.box, *route)
        counters = " ".join(
            f'iifname "{far}" ip daddr {PORTAL_IP} meta l4proto tcp counter comment "{near}";'
            for near, far in FAR.items()
        )
        chain = f"chain c {{ type filter hook input priority 0; {counters} }};"
        run("ip", "netns", "exec", self.far, "nft", f"table ip count {{ {chain} }}")

    def remove(self) -> None:
        for name in (self.box, self.far):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)

    def ip(self, name: str, *arguments: str) -> None:
        run("ip", "-netns", name, *arguments)

    def pull(self, near: str) -> None:
        """Take the cable out at the far end."""
        self.ip(self.far, "link", "set", FAR[near], "down")

    def plug(self, near: str) -> None:
        self.ip(self.far, "link", "set", FAR[near], "up")

    def packets(self, near: str) -> int:
        """TCP packets of the box that came to the data centre over this cable."""
        rules = run("ip", "netns", "exec", self.far, "nft", "list", "chain", "ip", "count", "c")
        found = re.search(rf'counter packets (\d+) bytes \d+ comment "{near}"', rules)
        assert found is not None, rules
        return int(found[1])


@pytest.fixture
def ways() -> Iterator[TwoWays]:
    laid = TwoWays()
    try:
        laid.lay()
        yield laid
    finally:
        laid.remove()


def test_the_next_way_carries_while_the_preferred_one_is_gone(ways: TwoWays, tmp_path: Path) -> None:
    with (
        open_end(ways.far, "uplink_ends.py", "portal", str(tmp_path / "portal"), PORTAL_IP) as portal,
        open_end(ways.box, "uplink_ends.py", "box", str(tmp_path), FIRST, SECOND) as box,
    ):
        assert box.ask(portal.hear()) == "bound"

        def is_up() -> bool:
            return bool(box.ask()["link"] != "down")

        def carries(near: str) -> Callable[[], bool]:
            before = ways.packets(near)
            return lambda: is_up() and ways.packets(near) > before + 10

        until(carries(FIRST))
        assert ways.packets(SECOND) == 0

        ways.pull(FIRST)
        until(carries(SECOND))

        ways.plug(FIRST)
        until(carries(FIRST))
        after = ways.packets(SECOND)
        until(carries(FIRST))
        assert ways.packets(SECOND) - after <= 10

        ways.pull(FIRST)
        ways.pull(SECOND)
        until(lambda: box.ask()["link"] == "down")
        assert box.ask()["hop"] == "no_uplink"
