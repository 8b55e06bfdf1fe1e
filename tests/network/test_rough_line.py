"""A gateway behind its modem's interface: names from the carrier, and a line that delays and loses packets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.network.ends import End, open_end, until
from tests.network.rough import HOW, NEAR, Quality, RoughLine
from tests.network.wires import VPN_IP

NAME = "centre.vpn.example"
COUNTRYSIDE = Quality(delay_ms=250, jitter_ms=100, loss=0.05)
TUNNEL = Quality(loss=1.0)


@pytest.fixture(params=HOW)
def line(request: pytest.FixtureRequest) -> Iterator[RoughLine]:
    laid = RoughLine(request.param)
    with laid.laid():
        yield laid


@pytest.fixture
def portal(line: RoughLine, tmp_path: Path) -> Iterator[End]:
    with open_end(line.carrier, "uplink_ends.py", "portal", str(tmp_path / "portal"), VPN_IP, NAME) as end:
        yield end


@pytest.fixture
def box(line: RoughLine, tmp_path: Path) -> Iterator[End]:
    """Its modem's network names the carrier's server, and nobody else knows the portal's name."""
    with open_end(line.box, "uplink_ends.py", "modem", str(tmp_path), NEAR, VPN_IP) as end:
        yield end


def test_A13_names_come_from_the_carriers_servers_only(line: RoughLine, portal: End, box: End) -> None:
    with open_end(line.carrier, "carrier.py", "names", VPN_IP, NAME, VPN_IP) as names:
        assert names.hear() == "ready"
        until(lambda: box.ask()["hop"] == "not_bound")
        assert box.ask(portal.hear()) == "bound"
        until(lambda: box.ask()["link"] == "good")
        assert box.ask("environment")["dns"] == "ok ok"
        assert set(names.ask()) == {NAME}

    assert box.ask("environment")["dns"] == "fail broken"


def test_a_slow_and_lossy_line_carries_and_a_dead_one_is_named(
    line: RoughLine, portal: End, box: End
) -> None:
    with open_end(line.carrier, "carrier.py", "names", VPN_IP, NAME, VPN_IP) as names:
        assert names.hear() == "ready"
        line.become(COUNTRYSIDE)
        until(lambda: box.ask()["hop"] == "not_bound")
        assert box.ask(portal.hear()) == "bound"
        until(lambda: box.ask()["link"] == "good")

        line.become(TUNNEL)
        until(lambda: box.ask()["link"] == "down")
        assert box.ask()["hop"] in {"dns", "host", "data_centre"}

        line.become(COUNTRYSIDE)
        until(lambda: box.ask()["link"] == "good")
