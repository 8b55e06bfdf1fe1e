"""Phones never reach the VPN, the VPN never reaches the box; real kernel, real rules, every port answering."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.network.wires import BOX_FOR_PHONES, BOX_IN_VPN, BOX_PORTS, PHONE_IP, VPN_IP, Wires

GRE, ESP, SCTP, UDPLITE, EXPERIMENTAL = 47, 50, 132, 136, 253
PROTOCOLS = (GRE, ESP, SCTP, UDPLITE, EXPERIMENTAL)


@pytest.fixture(scope="module")
def wires() -> Iterator[Wires]:
    laid = Wires()
    try:
        laid.lay()
        with (
            laid.answering(laid.vpn, "tcp", 9),
            laid.answering(laid.vpn, "udp", 9),
            laid.answering(laid.box, "tcp", *BOX_PORTS),
            laid.answering(laid.box, "udp", *BOX_PORTS),
        ):
            yield laid
    finally:
        laid.remove()


@pytest.fixture(scope="module")
def guarded(wires: Wires) -> Wires:
    """With the rules in force; before that, the wires show that a phone would get everywhere."""
    assert wires.echoes(wires.phone, VPN_IP)
    assert wires.opens(wires.phone, VPN_IP, "tcp", 440, 441, 442, 443, 444, 445)
    assert wires.opens(wires.phone, VPN_IP, "udp", 52, 53, 54)
    assert wires.opens(wires.vpn, BOX_IN_VPN, "tcp", 443)
    with wires.listening(wires.vpn, "vpn0") as seen:
        wires.probe(wires.phone, "raw", VPN_IP, str(GRE), PHONE_IP)
    assert seen == [1]
    wires.load_rules()
    return wires


def test_a_phone_reaches_nothing_of_the_vpn(guarded: Wires) -> None:
    with guarded.listening(guarded.vpn, "vpn0") as seen:
        assert guarded.ports(guarded.phone, VPN_IP, "tcp") == []
        assert guarded.ports(guarded.phone, VPN_IP, "udp") == []
        assert guarded.probe(guarded.phone, "ping", VPN_IP) is False
        for protocol in PROTOCOLS:
            guarded.probe(guarded.phone, "raw", VPN_IP, str(protocol), PHONE_IP)
            guarded.probe(guarded.phone, "raw", VPN_IP, str(protocol), BOX_IN_VPN)
            guarded.probe(guarded.phone, "raw", VPN_IP, str(protocol), "10.64.0.99")

    assert seen == [0]


@pytest.mark.parametrize(("kind", "open_ports"), [("tcp", [53, 80, 443]), ("udp", [53])])
def test_a_phone_reaches_only_what_it_needs_of_the_box(
    guarded: Wires, kind: str, open_ports: list[int]
) -> None:
    assert set(guarded.ports(guarded.phone, BOX_FOR_PHONES, kind)) <= set(open_ports)
    assert guarded.opens(guarded.phone, BOX_FOR_PHONES, kind, *open_ports)


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_phone_does_not_reach_the_box_by_its_address_in_the_vpn(guarded: Wires, kind: str) -> None:
    assert guarded.ports(guarded.phone, BOX_IN_VPN, kind) == []


@pytest.mark.parametrize("address", [BOX_IN_VPN, BOX_FOR_PHONES])
@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_the_vpn_reaches_nothing_of_the_box(guarded: Wires, address: str, kind: str) -> None:
    assert guarded.ports(guarded.vpn, address, kind) == []


def test_the_vpn_reaches_no_phone(guarded: Wires) -> None:
    with guarded.listening(guarded.phone, "phone0") as seen:
        assert guarded.probe(guarded.vpn, "ping", PHONE_IP) is False
        assert guarded.ports(guarded.vpn, PHONE_IP, "tcp", "1-100") == []

    assert seen == [0]


def test_the_box_reaches_the_vpn(guarded: Wires) -> None:
    assert guarded.opens(guarded.box, VPN_IP, "tcp", 443)
    assert guarded.opens(guarded.box, VPN_IP, "udp", 53)
    assert guarded.echoes(guarded.box, VPN_IP)


def test_the_box_starts_nothing_towards_phones(guarded: Wires) -> None:
    with guarded.answering(guarded.phone, "tcp", 80):
        assert guarded.ports(guarded.box, PHONE_IP, "tcp", "80-80") == []


def test_the_rules_can_be_loaded_again(guarded: Wires) -> None:
    guarded.load_rules()

    assert guarded.opens(guarded.box, VPN_IP, "tcp", 443)
    assert guarded.inside(guarded.box, "nft", "list", "tables").split() == ["table", "inet", "visitbridge"]
