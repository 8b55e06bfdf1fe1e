"""The page behind the strip: the way to the insurer hop by hop, the first broken one in bold (ux §3.6)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.webui import samples
from tests.webui.fake_box import FakeBox
from tests.webui.phone import Phone

HOPS = ("network", "dns", "host", "tls", "data_centre")
_SHOWN = """(hops) => hops.map((hop) => {
    const style = getComputedStyle(hop);
    return [hop.dataset.hop, hop.dataset.state, Number(style.fontWeight) >= 600];
})"""


def shown_hops(phone: Phone) -> Any:
    """Name, state, and whether it is in bold, from near to far."""
    return phone.page.locator("[data-hop]").evaluate_all(_SHOWN)


@pytest.mark.parametrize("broken", range(len(HOPS)), ids=HOPS)
def test_the_first_broken_hop_is_in_bold_and_no_other(box: FakeBox, phone: Phone, broken: int) -> None:
    box.topics["link"] = samples.link("down", HOPS[broken])
    phone.open(box.url)
    phone.page.click(".strip")
    expect(phone.page.locator("[data-hop]")).to_have_count(len(HOPS))

    near = [[name, "ok", False] for name in HOPS[:broken]]
    far = [[name, "unseen-yet", False] for name in HOPS[broken + 1 :]]
    assert shown_hops(phone) == [*near, [HOPS[broken], "broken", True], *far]
    expect(phone.page.locator("[data-state=broken] .hop-state")).not_to_be_empty()


@pytest.mark.parametrize(("state", "before"), [("good", ""), ("down", "host"), ("down", "sim_locked")])
def test_of_a_box_out_of_reach_nothing_is_said(box: FakeBox, phone: Phone, state: str, before: str) -> None:
    """What the box said last is no longer what it would say."""
    box.topics["link"] = samples.link(state, before)
    phone.open(f"{box.url}/#/status")
    expect(phone.page.locator("[data-hop]").first).to_be_visible()

    box.go_silent()

    expect(phone.page.locator("[data-hop][data-state=unseen-yet]")).to_have_count(len(HOPS))
    expect(phone.page.locator("[data-hop]")).to_have_count(len(HOPS))


def test_of_a_good_link_no_hop_is_in_bold(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#/status")

    assert shown_hops(phone) == [[name, "ok", False] for name in HOPS]
