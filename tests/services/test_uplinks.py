"""Several uplinks: the best one that reaches the data centre (C01, B16)."""

from __future__ import annotations

import itertools

import pytest

from visitbridge.domain.modem import ModemState
from visitbridge.domain.uplink import Uplink, UplinkKind
from visitbridge.ports.uplink import Interfaces, Traffic
from visitbridge.services.uplinks import ModemView, UplinkPolicy, Uplinks

POLICY = UplinkPolicy()
MODEM = Uplink(name="modem", kind=UplinkKind.MODEM, interface="usb0")
CABLE = Uplink(name="cable", kind=UplinkKind.ETHERNET, interface="eth0", dns=("10.9.9.9",))
PHONE = Uplink(name="phone", kind=UplinkKind.HOTSPOT, interface="wlan1")


class Ways(Interfaces):
    """Interfaces and a modem that are as told."""

    def __init__(self, *up: str, modem: ModemState = ModemState.DATA_UP) -> None:
        self.up = set(up)
        self.modem = modem
        self.now_s = 0.0

    def has_address(self, name: str) -> bool:
        return name in self.up

    def traffic(self, name: str) -> Traffic | None:
        return None

    def uplinks(self, *listed: Uplink) -> Uplinks:
        return Uplinks(
            listed,
            self,
            monotonic=lambda: self.now_s,
            modem=lambda: ModemView(state=self.modem, dns=("10.1.1.1",)),
            policy=POLICY,
        )


def name(uplinks: Uplinks) -> str:
    current = uplinks.current()
    assert current is not None
    return current.name


def test_the_first_one_that_is_up_is_used() -> None:
    """C01, B16: own modem, cable or hotspot."""
    ways = Ways("eth0", "wlan1")
    uplinks = ways.uplinks(MODEM, CABLE, PHONE)
    assert name(uplinks) == "cable"

    ways.up.add("usb0")

    assert name(uplinks) == "modem"


def test_a_modem_without_data_is_not_up_even_if_its_interface_is() -> None:
    ways = Ways("usb0", "eth0", modem=ModemState.SEARCHING)

    assert name(ways.uplinks(MODEM, CABLE)) == "cable"


def test_one_that_stays_silent_is_set_aside_and_gets_another_chance() -> None:
    ways = Ways("usb0", "eth0")
    uplinks = ways.uplinks(CABLE, MODEM)
    uplinks.current()
    for _ in range(POLICY.failures):
        assert name(uplinks) == "cable"
        uplinks.failed()
    assert name(uplinks) == "modem"
    uplinks.answered()

    ways.now_s += POLICY.set_aside_s

    assert name(uplinks) == "cable"


def fail(uplinks: Uplinks) -> None:
    """As often as it takes to have the one in use set aside."""
    for _ in range(POLICY.failures):
        uplinks.current()
        uplinks.failed()


def test_one_that_never_leads_there_gets_its_chances_ever_more_rarely() -> None:
    """A hotel's cable that stays plugged in does not take the link down every five minutes."""
    ways = Ways("usb0", "eth0")
    uplinks = ways.uplinks(CABLE, MODEM)
    waited_s = []
    for _ in range(7):
        fail(uplinks)
        began_s = ways.now_s
        while name(uplinks) == "modem":
            uplinks.answered()
            ways.now_s += POLICY.set_aside_s
        waited_s.append(ways.now_s - began_s)

    assert waited_s == [300, 600, 1200, 2400, 4800, 4800, 4800]


def test_another_cable_is_tried_at_once() -> None:
    ways = Ways("usb0", "eth0")
    uplinks = ways.uplinks(CABLE, MODEM)
    fail(uplinks)
    ways.up.discard("eth0")
    assert name(uplinks) == "modem"

    ways.up.add("eth0")

    assert name(uplinks) == "cable"


def test_an_answer_ends_its_bad_reputation() -> None:
    ways = Ways("usb0", "eth0")
    uplinks = ways.uplinks(CABLE, MODEM)
    fail(uplinks)
    ways.now_s += POLICY.set_aside_s
    assert name(uplinks) == "cable"
    uplinks.answered()
    fail(uplinks)

    ways.now_s += POLICY.set_aside_s

    assert name(uplinks) == "cable"


def test_an_answer_in_between_keeps_it() -> None:
    uplinks = Ways("usb0", "eth0").uplinks(CABLE, MODEM)
    uplinks.current()
    for _ in range(POLICY.failures - 1):
        uplinks.failed()
    uplinks.answered()
    uplinks.failed()

    assert name(uplinks) == "cable"


def test_when_all_are_silent_they_take_turns() -> None:
    ways = Ways("usb0", "eth0")
    uplinks = ways.uplinks(CABLE, MODEM)
    used = []
    for _ in range(6 * POLICY.failures):
        ways.now_s += 2
        used.append(name(uplinks))
        uplinks.failed()

    assert set(used) == {"cable", "modem"}
    assert sum(a != b for a, b in itertools.pairwise(used)) >= 4


def test_the_only_one_is_never_set_aside() -> None:
    uplinks = Ways("usb0").uplinks(MODEM)
    uplinks.current()
    for _ in range(20):
        uplinks.failed()

    assert name(uplinks) == "modem"


def test_the_carriers_name_servers_unless_others_are_named() -> None:
    ways = Ways("usb0", "eth0")

    modem, cable = ways.uplinks(MODEM).current(), ways.uplinks(CABLE).current()

    assert (modem and modem.dns, cable and cable.dns) == (("10.1.1.1",), ("10.9.9.9",))


@pytest.mark.parametrize(
    ("up", "modem", "listed", "hop"),
    [
        (("usb0",), ModemState.DATA_UP, (MODEM,), ""),
        ((), ModemState.SEARCHING, (MODEM,), "searching"),
        ((), ModemState.SIM_PIN, (CABLE, MODEM), "sim_locked"),
        ((), ModemState.DATA_UP, (MODEM,), "no_uplink"),
        (("eth0",), ModemState.SEARCHING, (MODEM, CABLE), ""),
        ((), ModemState.NONE, (CABLE, PHONE), "no_uplink"),
        ((), ModemState.NONE, (), ""),
    ],
)
def test_what_is_wrong_before_any_network(
    up: tuple[str, ...], modem: ModemState, listed: tuple[Uplink, ...], hop: str
) -> None:
    assert Ways(*up, modem=modem).uplinks(*listed).broken_hop() == hop


def test_a_box_that_names_none_leaves_it_to_its_routes() -> None:
    assert Ways().uplinks().current() is None
